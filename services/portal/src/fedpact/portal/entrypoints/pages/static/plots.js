// The metrics of jobs, drawn as they come: one plot a metric, one line a gateway.
"use strict";
(() => {
  const jobs = new Map(); // job -> { points: Map(gateway/round -> point), charts: Map(metric -> uPlot) }
  const HUES = [174, 28, 262, 330, 210, 90, 0, 48];
  const dark = () => (document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "")) === "dark";
  const hue = (index) => `hsl(${HUES[index % HUES.length]} 62% ${dark() ? 62 : 36}%)`;

  function table(points, metric) {
    const gateways = [...new Set(points.filter((p) => metric in p.metrics).map((p) => p.gateway))].sort();
    const rounds = [...new Set(points.filter((p) => metric in p.metrics).map((p) => p.round))].sort((a, b) => a - b);
    const value = new Map(points.map((p) => [`${p.gateway} ${p.round}`, p.metrics[metric]]));
    return { gateways, data: [rounds, ...gateways.map((g) => rounds.map((r) => value.get(`${g} ${r}`) ?? null))] };
  }

  // Without a pointer over it, the legend tells the newest round.
  const newest = (plot) => { if (plot.cursor.idx == null) plot.setLegend({ idx: plot.data[0].length - 1 }); };

  function draw(place, job) {
    const points = [...job.points.values()];
    const metrics = [...new Set(points.flatMap((p) => Object.keys(p.metrics)))].sort();
    for (const metric of metrics.filter((m) => !job.charts.has(m))) {
      const figure = document.createElement("figure");
      figure.append(Object.assign(document.createElement("figcaption"), { textContent: metric }));
      place.append(figure);
      job.charts.set(metric, { figure });
    }
    for (const metric of metrics) show(job.charts.get(metric), metric, table(points, metric));
  }

  function show(chart, metric, { gateways, data }) {
    const names = gateways.join(", ");
    if (chart.names === names) chart.plot.setData(data);
    else {
      chart.plot?.destroy();
      chart.figure.setAttribute("aria-label", `${metric} by round, of ${names}`);
      chart.plot = new uPlot(options(chart.figure, gateways, data), data, chart.figure);
      chart.names = names;
    }
    requestAnimationFrame(() => newest(chart.plot));
  }

  function options(figure, gateways, data) {
    const axis = { stroke: dark() ? "#a3b1b4" : "#56646a", grid: { stroke: dark() ? "#2a3336" : "#dfe5e5", width: 1 }, ticks: { show: false }, font: "11px system-ui" };
    const line = (name, index) => ({ label: name, stroke: hue(index), width: 2, spanGaps: true, points: { show: data[0].length < 40, size: 5 } });
    return {
      width: Math.max(figure.clientWidth, 200), height: 160, scales: { x: { time: false } },
      axes: [{ ...axis, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] }, { ...axis, size: 48 }],
      series: [{ label: "round" }, ...gateways.map(line)],
    };
  }

  function take(name, points) {
    const place = document.querySelector(`[data-job="${CSS.escape(name)}"]`);
    if (!place) return;
    if (!jobs.has(name)) jobs.set(name, { points: new Map(), charts: new Map() });
    const job = jobs.get(name);
    for (const point of points) job.points.set(`${point.gateway} ${point.round}`, point);
    draw(place, job);
  }

  async function fetched(place) {
    if (jobs.has(place.dataset.job)) return;
    jobs.set(place.dataset.job, { points: new Map(), charts: new Map() });
    const answer = await fetch(`/jobs/${encodeURIComponent(place.dataset.job)}/points`, { headers: { "HX-Request": "true" } });
    if (answer.ok) take(place.dataset.job, (await answer.json()).points);
  }
  const look = () => document.querySelectorAll("[data-job]").forEach(fetched);

  function again() {
    for (const [name, job] of jobs) {
      for (const { plot, figure } of job.charts.values()) { plot.destroy(); figure.remove(); }
      job.charts.clear();
      const place = document.querySelector(`[data-job="${CSS.escape(name)}"]`);
      if (place) draw(place, job);
    }
  }

  // The stream the page listens to anyway tells the rounds, too.
  const listen = htmx.createEventSource;
  htmx.createEventSource = (url) => {
    const source = listen(url);
    source.addEventListener("measured", (event) => {
      const told = JSON.parse(event.data);
      take(told.job_id, [told.point]);
    });
    return source;
  };

  document.addEventListener("DOMContentLoaded", look);
  document.addEventListener("htmx:afterSettle", look);
  document.addEventListener("theme", again);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  let late;
  addEventListener("resize", () => { clearTimeout(late); late = setTimeout(again, 150); });
})();
