"""A newcomer's taste interview: titles to react to on the left, the list it makes on the right."""

from functools import partial
from typing import Any

import ipywidgets as widgets

from workbench.columns import Columns
from workbench.html import escape
from workbench.models import Interview, Recommender
from workbench.panels.controls import cards
from workbench.panels.controls.panel import BOXED, Panel, button, side_by_side, slider
from workbench.panels.controls.recommendation_card import genres_of, recommendation_card
from workbench.panels.lists.reactions import REACTIONS
from workbench.strings import Strings


class TasteInterview(Panel):
    """Ask a newcomer about a few titles; every answer changes the list at once.

    Its state is the `Interview`.

    Parameters
    ----------
    model : Recommender
        Fitted; it folds the answers in.
    beginning : Recommender, optional
        Whose list comes before the first answer, see `Interview`.
    per_screen : int
        Titles a screen.
    n : int
        Items of the list.
    language : {"en", "zh"}

    Attributes
    ----------
    questions : GridBox
        A box a title: what it is, and the buttons of the reactions.
    recommendations : HTML
    more, again : Button
        Ask about other titles; forget all answers.
    """

    def __init__(
        self,
        model: Recommender,
        *,
        beginning: Recommender | None = None,
        per_screen: int = 9,
        n: int = 6,
        language: str = "en",
    ) -> None:
        text = Strings(language)
        self._interview = Interview(model, beginning=beginning)
        self._titles = model.data.titles_in(language)
        self._per_screen = per_screen
        self._screen = self._interview.ask(per_screen)
        self._first = set(self._interview.recommend(n)[Columns.ITEM])
        self.questions = widgets.GridBox(
            layout={"grid_template_columns": "repeat(3, minmax(0, 1fr))", "grid_gap": "8px"}
        )
        self.recommendations = widgets.HTML(layout={"min_width": "0", "margin": "-20px 0 0 0"})
        self.more = button(text, "interview.more", self.next_screen, icon="refresh")
        self.again = button(text, "interview.again", self.start_again)
        left = widgets.VBox([self.questions, widgets.HBox([self.more, self.again])])
        super().__init__(
            model.data,
            text,
            title="interview.title",
            device=model.device,
            controls={"n": slider(text, "recommend.n", n, 1, 20)},
            views=[side_by_side([left, self.recommendations], (3, 2), "28px")],
        )

    def react(self, item_id: Any, *, like: bool) -> None:
        """Take in a reaction; the same one again takes it back."""
        same = self._interview.answers.get(item_id) is like
        self._interview.answer({item_id: None if same else like})
        self.refresh()

    def next_screen(self) -> None:
        """Ask about other titles: those without a reaction are not known."""
        answers = self._interview.answers
        self._interview.answer({item: None for item in self._screen if item not in answers})
        self._screen = self._interview.ask(self._per_screen)
        self.refresh()

    def start_again(self) -> None:
        """Forget all answers."""
        self._interview.answers.clear()
        self._screen = self._interview.ask(self._per_screen)
        self.refresh()

    def _state(self) -> Interview:
        return self._interview

    def _draw(self, state: Interview) -> None:
        self.questions.children = [self._question(item) for item in self._screen]
        self.more.disabled = len(state.answers) >= len(state.questions)
        self.again.disabled = not state.answers
        self.recommendations.value = self._list(state)

    def _question(self, item: Any) -> widgets.VBox:
        answer = self._interview.answers.get(item)
        genres = genres_of(self.ds, item, self.text.language)
        title = f'<span class="title">{escape(self._titles[item])}</span>'
        body = cards.box(f"<div>{title}</div><div>{cards.chips(genres[:3])}</div>")
        buttons = [
            button(
                self.text,
                reaction.label,
                partial(self.react, item, like=reaction.like),
                icon=reaction.icon,
                style=reaction.style if answer is reaction.like else "",
                width="44px",
                labelled=False,
            )
            for reaction in REACTIONS
        ]
        layout = BOXED | {"min_height": "112px"}
        return widgets.VBox([widgets.HTML(body), widgets.HBox(buttons)], layout=layout)

    def _list(self, state: Interview) -> str:
        recs = state.recommend(self.controls["n"].value)
        known = len(state.history)
        note = self.text("interview.answers", count=known) if known else self.text("interview.none")
        new = cards.chips([self.text("recommend.new")], "new")
        rows = (
            recommendation_card(
                rec, self.ds, {}, self.text, marks="" if rec.item_id in self._first else new
            )
            for rec in recs.itertuples()
        )
        return cards.box(cards.heading(self.text("interview.list"), note), *rows)
