"""A newcomer's taste interview: titles to react to on the left, the list it makes on the right."""

from functools import partial
from typing import Any

import ipywidgets as widgets

from workbench.columns import Columns
from workbench.html import escape
from workbench.models import Interview, Recommender
from workbench.panels.controls import cards
from workbench.panels.controls.panel import Panel, slider
from workbench.strings import Strings

# What a press says, its icon, its label and the colour of the button once pressed.
REACTIONS = (
    (True, "thumbs-up", "recommend.like", "success"),
    (False, "thumbs-down", "recommend.dislike", "danger"),
)


class TasteInterview(Panel):
    """Ask a newcomer about a few titles; every answer changes the list at once.

    Its state is the `Interview`.

    Parameters
    ----------
    model : Recommender
        Fitted; it folds the answers in.
    beginning : Recommender, optional
        Whose list comes before the first answer, see `Interview`.
    asked : int
        Titles a screen.
    n : int
        Items of the list.
    language : {"en", "zh"}
    """

    def __init__(
        self,
        model: Recommender,
        *,
        beginning: Recommender | None = None,
        asked: int = 9,
        n: int = 6,
        language: str = "en",
    ) -> None:
        text = Strings(language)
        self._interview = Interview(model, beginning=beginning)
        self._asked = asked
        self._screen = self._interview.ask(asked)
        self._first = set(self._interview.recommend(n)[Columns.ITEM])
        self._questions = widgets.GridBox(
            layout={"grid_template_columns": "repeat(3, minmax(0, 1fr))", "grid_gap": "8px"}
        )
        self._list = widgets.HTML(layout={"min_width": "0", "margin": "-20px 0 0 0"})
        self.more = widgets.Button(description=text("interview.more"), icon="refresh")
        self.more.on_click(lambda _: self.next_screen())
        self.again = widgets.Button(description=text("interview.again"))
        self.again.on_click(lambda _: self.start_again())
        left = widgets.VBox([self._questions, widgets.HBox([self.more, self.again])])
        halves = widgets.GridBox(
            [left, self._list],
            layout={"grid_template_columns": "minmax(0, 3fr) minmax(0, 2fr)", "grid_gap": "28px"},
        )
        super().__init__(
            model.data,
            language=language,
            device=model.device,
            title="interview.title",
            controls={"n": slider(text, "recommend.n", n, 1, 20)},
            views=[halves],
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
        self._screen = self._interview.ask(self._asked)
        self.refresh()

    def start_again(self) -> None:
        """Forget all answers."""
        self._interview.answers.clear()
        self._screen = self._interview.ask(self._asked)
        self.refresh()

    def _state(self) -> Interview:
        return self._interview

    def _draw(self, state: Interview) -> None:
        self._titles = self.ds.titles_in(self.text.language)
        self._questions.children = [self._question(item) for item in self._screen]
        self.more.disabled = len(state.answers) >= len(state.questions)
        self.again.disabled = not state.answers
        self._list.value = self._drawn_list(state)

    def _question(self, item: Any) -> widgets.VBox:
        answer = self._interview.answers.get(item)
        genres = cards.genres_of(self.ds, item, self.text.language)
        title = f'<span class="title">{escape(self._titles[item])}</span>'
        body = cards.box(f"<div>{title}</div><div>{cards.chips(genres[:3])}</div>")
        buttons = widgets.HBox(
            [self._button(item, *reaction, answer=answer) for reaction in REACTIONS]
        )
        return widgets.VBox(
            [widgets.HTML(body), buttons],
            layout={
                "border": "1px solid var(--jp-border-color2,#dfe5ea)",
                "padding": "8px 12px",
                "justify_content": "space-between",
                "min_height": "112px",
            },
        )

    def _button(
        self, item: Any, like: bool, icon: str, label: str, style: str, *, answer: bool | None
    ) -> widgets.Button:
        button = widgets.Button(
            icon=icon,
            tooltip=self.text(label),
            button_style=style if answer is like else "",
            layout={"width": "44px"},
        )
        button.on_click(lambda _: self.react(item, like=like))
        return button

    def _drawn_list(self, state: Interview) -> str:
        recs = state.recommend(self.controls["n"].value)
        known = len(state.history)
        note = self.text("interview.answers", count=known) if known else self.text("interview.none")
        reason = partial(cards.because, ds=self.ds, ratings={}, text=self.text)
        rows = [
            cards.card(
                rec.rank,
                self._titles[rec.item_id],
                labels=cards.genres_of(self.ds, rec.item_id, self.text.language),
                why=reason(rec.because),
                marks=self._mark(rec.item_id),
            )
            for rec in recs.itertuples()
        ]
        return cards.box(cards.heading(self.text("interview.list"), note), *rows)

    def _mark(self, item: Any) -> str:
        return "" if item in self._first else cards.chips([self.text("recommend.new")], "new")
