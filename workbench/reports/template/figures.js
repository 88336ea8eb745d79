const css = getComputedStyle(document.documentElement);
const ink = css.getPropertyValue("--ink").trim();
const rule = css.getPropertyValue("--rule").trim();
const family = getComputedStyle(document.body).fontFamily;
const narrow = matchMedia("(max-width: 600px)").matches;
const axis = { gridcolor: rule, linecolor: rule, zerolinecolor: rule };

// Only the template is touched, so whatever a notebook sets on its figure stays as set.
function dressed(figure) {
  const template = figure.layout?.template ?? {};
  const base = template.layout ?? {};
  const layout = {
    ...base,
    font: { ...base.font, family, color: ink },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    margin: { t: figure.layout?.title?.text ? 56 : 24, r: 24, b: 48, l: 56 },
    legend: narrow ? { orientation: "h", x: 0, y: -0.2 } : base.legend,
    xaxis: { ...base.xaxis, ...axis },
    yaxis: { ...base.yaxis, ...axis },
  };
  return { ...figure.layout, template: { ...template, layout } };
}

const figures = [...document.querySelectorAll("figure.plot")];
for (const element of figures) {
  const figure = JSON.parse(element.querySelector("script").textContent);
  Plotly.newPlot(element, {
    data: figure.data,
    layout: dressed(figure),
    frames: figure.frames,
    config: { ...figure.config, responsive: true, displaylogo: false },
  });
}

// A browser lays a page out for paper without telling the figures.
const paperWidth = 660;
addEventListener("beforeprint", () => figures.forEach((f) => Plotly.relayout(f, { width: paperWidth })));
addEventListener("afterprint", () => figures.forEach((f) => Plotly.relayout(f, { width: null })));
