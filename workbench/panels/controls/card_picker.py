"""A control to choose one of several cards."""

import anywidget
import traitlets


class Pick(anywidget.AnyWidget):
    """Cards one under the other, of which one is chosen, by a click or with the arrow keys.

    Attributes
    ----------
    cards : list of str
        Their HTML, in which what comes from data is escaped.
    value : int
        Place of the one that is chosen.
    """

    cards = traitlets.List(traitlets.Unicode()).tag(sync=True)
    value = traitlets.Int(0).tag(sync=True)

    _css = """
    /* A shadow at the foot, which the end of the list covers, tells that there is more. */
    .wb-pick{max-height:780px;overflow-y:auto;background:
     linear-gradient(transparent,var(--jp-layout-color1,#fff) 60%) 0 100%/100% 40px no-repeat local,
     linear-gradient(transparent,rgba(90,105,120,.35)) 0 100%/100% 14px no-repeat scroll}
    .wb-pick > [role=option]{cursor:pointer;border-left:3px solid transparent;padding:2px 10px;
     border-radius:2px}
    .wb-pick > [role=option]:hover{background:var(--jp-layout-color2,#f4f6f8)}
    .wb-pick > [aria-selected=true]{border-left-color:#2f63c4;
     background:var(--jp-layout-color2,#f4f6f8)}
    .wb-pick > :focus-visible{outline:2px solid #2f63c4;outline-offset:-2px}
    .wb-pick .wb .copy{white-space:normal;display:-webkit-box;-webkit-box-orient:vertical;
     -webkit-line-clamp:6;overflow:hidden}
    """

    _esm = """
    export default {
      render({ model, el }) {
        el.classList.add("wb-pick");
        el.setAttribute("role", "listbox");
        const choose = (place) => { model.set("value", place); model.save_changes(); };
        const mark = () => [...el.children].forEach((card, place) => {
          const chosen = place === model.get("value");
          card.setAttribute("aria-selected", chosen);
          card.tabIndex = chosen ? 0 : -1;
        });
        const draw = () => {
          const cards = model.get("cards");
          while (el.children.length > cards.length) el.lastChild.remove();
          cards.forEach((html, place) => {
            let card = el.children[place];
            if (!card) {
              card = document.createElement("div");
              card.setAttribute("role", "option");
              card.onclick = () => choose(place);
              el.append(card);
            }
            if (card.dataset.html !== html) card.innerHTML = card.dataset.html = html;
          });
          mark();
        };
        el.onkeydown = (event) => {
          const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
          const next = el.children[model.get("value") + (step ?? NaN)];
          if (!next) return;
          event.preventDefault();
          choose(model.get("value") + step);
          next.focus();
        };
        model.on("change:cards", draw);
        model.on("change:value", mark);
        draw();
      },
    };
    """
