// The script of a report page. It runs in the browser, after uPlot and the data; it builds elements only from numbers and
// from words of its own, and sets text as text.
(() => {
  "use strict";

  const activities = JSON.parse(document.getElementById("data").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const CHART_HEIGHT = 170;

  const clock = (seconds) => {
    const whole = Math.round(seconds);
    const two = (value) => String(value).padStart(2, "0");
    const minutes = Math.floor(whole / 60) % 60;
    if (whole >= 3600) return `${Math.floor(whole / 3600)}:${two(minutes)}:${two(whole % 60)}`;
    return `${minutes}:${two(whole % 60)}`;
  };
  const duration = (seconds) => {
    const whole = Math.round(seconds);
    const two = (value) => String(value).padStart(2, "0");
    return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  };
  const tell = (chart, value) =>
    value === null || value === undefined
      ? "-"
      : `${chart.scale === "clock" ? clock(value) : value.toFixed(chart.digits)} ${chart.unit}`;
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

  /** Draws the charts of one activity and joins their cursors with the dot on its map. */
  function draw(activity) {
    const place = document.querySelector(`[data-activity="${activity.id}"]`);
    const box = place.querySelector(".charts");
    if (box === null || activity.charts === null) return;
    for (const old of box.querySelectorAll(".chart")) old.remove();
    const readout = box.querySelector(".readout");
    const here = place.querySelector(".here");
    const { step, count, charts } = activity.charts;
    const times = Array.from({ length: count }, (_, at) => at * step);
    const plots = [];

    function show(at) {
      const known = at !== null && at !== undefined;
      readout.replaceChildren(
        ...(known
          ? [["", duration(times[at])], ...charts.map((chart) => [chart.key, tell(chart, chart.values[at])])]
          : [["", "Point at a chart to read it; drag to look closer, double-click to see all."]]
        ).map(([key, text]) => {
          const word = document.createElement(known ? "b" : "span");
          if (key !== "") word.className = key;
          word.textContent = text;
          return word;
        }),
      );
      if (here === null || activity.map === null) return;
      const x = known ? activity.map.x[at] : null;
      const y = known ? activity.map.y[at] : null;
      here.classList.toggle("on", x !== null && y !== null);
      if (x !== null && y !== null) {
        here.setAttribute("cx", x);
        here.setAttribute("cy", y);
      }
    }

    for (const chart of charts) {
      const frame = document.createElement("div");
      frame.className = "chart";
      const title = document.createElement("h4");
      title.textContent = `${chart.title}, ${chart.unit}`;
      frame.append(title);
      box.append(frame);
      const stroke = color(chart.key);
      const axis = {
        stroke: color("faint"),
        grid: { stroke: color("line"), width: 1 },
        ticks: { show: false },
      };
      const [low, high] = chart.range;
      const plot = new uPlot(
        {
          width: Math.max(200, box.clientWidth),
          height: CHART_HEIGHT,
          legend: { show: false },
          cursor: {
            sync: { key: `a${activity.id}`, setSeries: false },
            y: false,
            drag: { x: true, y: false },
            points: { size: 7 },
          },
          scales: {
            x: { time: false },
            y: { range: () => [low, high], dir: chart.scale === "clock" ? -1 : 1 },
          },
          axes: [
            {
              ...axis,
              size: 32,
              space: 70,
              incrs: [
                1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10800, 21600, 43200,
              ],
              values: (_, ticks) => ticks.map((tick) => (count * step < 3600 ? clock(tick) : duration(tick))),
            },
            {
              ...axis,
              size: 58,
              ...(chart.scale === "clock"
                ? { incrs: [5, 10, 15, 30, 60, 120, 180, 300, 600, 1200, 1800] }
                : {}),
              values: (_, ticks) =>
                ticks.map((tick) => (chart.scale === "clock" ? clock(tick) : String(tick))),
            },
          ],
          series: [
            {},
            {
              stroke,
              width: 1.5,
              points: { show: false },
              ...(chart.key === "height" ? { fill: `${stroke}33` } : {}),
            },
          ],
          hooks: { setCursor: [(self) => show(self.cursor.left < 0 ? null : self.cursor.idx)] },
        },
        [times, chart.values],
        frame,
      );
      // A finger that moves along a chart reads it, one that moves up or down scrolls the page.
      plot.over.addEventListener(
        "touchmove",
        (event) => {
          const { left } = plot.over.getBoundingClientRect();
          for (const each of plots) each.setCursor({ left: event.touches[0].clientX - left, top: 10 });
        },
        { passive: true },
      );
      plots.push(plot);
    }
    show(null);
    activity.plots = plots;
  }

  function undraw(activity) {
    for (const plot of activity.plots ?? []) plot.destroy();
    activity.plots = undefined;
  }

  function redraw(activity) {
    if (activity.plots === undefined) return;
    undraw(activity);
    draw(activity);
  }

  for (const activity of activities) {
    const section = document.getElementById(`a${activity.id}`);
    // Hundreds of charts at once would be slow: a folded activity is drawn when it is unfolded.
    if (section.tagName === "DETAILS") {
      section.addEventListener("toggle", () => (section.open ? draw(activity) : undraw(activity)));
    } else {
      draw(activity);
    }
    const box = section.querySelector(".charts");
    if (box !== null) {
      new ResizeObserver(() => {
        for (const plot of activity.plots ?? []) {
          plot.setSize({ width: Math.max(200, box.clientWidth), height: CHART_HEIGHT });
        }
      }).observe(box);
    }
  }
  dark.addEventListener("change", () => activities.forEach(redraw));

  // The newest is on the right, and a phone shows the left.
  for (const wide of document.querySelectorAll(".scroll:has(> svg)")) wide.scrollLeft = wide.scrollWidth;

  /** A day of the calendar leads to an activity: unfold it. */
  function unfold() {
    const target = document.getElementById(location.hash.slice(1));
    if (target !== null && target.tagName === "DETAILS") target.open = true;
  }
  addEventListener("hashchange", unfold);
  unfold();
})();
