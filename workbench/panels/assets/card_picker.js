export default {
  render({ model, el }) {
    el.classList.add("wb-card-picker");
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
