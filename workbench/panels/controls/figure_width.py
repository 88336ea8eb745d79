"""Figures as wide as their place."""

import anywidget


class Fit(anywidget.AnyWidget):
    """Nothing to see: makes the figures in the same box take its width, and keep it.

    Plotly draws a figure before it has a place, 700 pixels wide, and looks again only when the
    window changes. This tells it to whenever the box does: when its figures come up, or when a side
    bar opens.
    """

    _esm = """
    export default {
      render({ el }) {
        const tell = () => window.dispatchEvent(new Event("resize"));
        const observer = new ResizeObserver(tell);
        const start = () => {
          if (el.isConnected) observer.observe(el.closest(".widget-vbox") ?? el);
          else if (!stopped) requestAnimationFrame(start);
        };
        let stopped = false;
        start();
        return () => { stopped = true; observer.disconnect(); };
      },
    };
    """
