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
