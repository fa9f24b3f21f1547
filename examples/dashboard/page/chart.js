// Draws the lines of one chart: with uPlot, or with a few strokes of our own where it is not built in.
"use strict";

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function clockText(milliseconds, seconds = true) {
  const two = (number) => String(number).padStart(2, "0");
  const date = new Date(milliseconds);
  return `${two(date.getHours())}:${two(date.getMinutes())}` + (seconds ? `:${two(date.getSeconds())}` : "");
}

// The ends of a value axis: a share runs from 0 to 100 %, everything else to what is seen plus some room.
function scaleOf(series, low, high) {
  const { min, max, unit, digits } = series[0];
  if (unit === "%" && min !== null && max !== null) return [min, max];
  if (low == null || high == null) [low, high] = [min ?? 0, max ?? 1];
  const least = 4 * 10 ** -digits; // so that noise in the last digit is not drawn as mountains
  const room = Math.max(high - low, least) * 0.15;
  const bottom = min === 0 && low >= 0 ? 0 : low - room;
  return [bottom, Math.max(high + room, bottom + least)];
}

function createChart(host, series, onCursor) {
  return typeof uPlot === "function" ? uplotChart(host, series, onCursor) : plainChart(host, series);
}

function uplotChart(host, series, onCursor) {
  const axis = { stroke: css("--muted"), font: "11px " + css("--font"), ticks: { show: false } };
  const grid = { stroke: css("--grid"), width: 1 };
  const size = () => ({ width: Math.max(120, host.clientWidth), height: host.clientHeight });
  const edge = (self) => ((self.scales.x.max - self.scales.x.min) * 26) / Math.max(1, self.width - 48);
  const plot = new uPlot(
    {
      ...size(),
      ms: 1,
      legend: { show: false },
      padding: [8, 4, 0, 0],
      cursor: {
        y: false,
        drag: { x: false, y: false },
        sync: { key: "dashboard" },
        points: { size: 7 },
      },
      scales: { x: { time: true }, y: { range: (_, low, high) => scaleOf(series, low, high) } },
      axes: [
        {
          ...axis,
          grid: { show: false },
          space: 72,
          size: 24,
          incrs: [1, 5, 10, 15, 30, 60, 120, 300].map((seconds) => seconds * 1000),
          // A label at the very edge would be cut off.
          values: (self, ticks) =>
            ticks.map((tick) => (self.scales.x.max - tick < edge(self) ? "" : clockText(tick, tick % 60000 !== 0))),
        },
        {
          ...axis,
          grid,
          space: 32,
          size: 44,
          values: (_, ticks) => ticks.map((tick) => String(+tick.toFixed(3))),
        },
      ],
      series: [
        {},
        ...series.map((one, index) => ({
          label: one.label,
          stroke: css(`--line${index + 1}`),
          fill: series.length === 1 ? css("--line1") + "1f" : undefined,
          width: 2,
          points: { show: false },
          spanGaps: false,
        })),
      ],
      hooks: { setCursor: [(self) => onCursor(self.cursor.idx)] },
    },
    [[], ...series.map(() => [])],
    host,
  );
  return {
    draw(times, columns, from, to) {
      plot.batch(() => {
        plot.setData([times, ...columns], false);
        plot.setScale("x", { min: from, max: to });
      });
      onCursor(plot.cursor.idx);
    },
    resize: () => plot.setSize(size()),
    destroy: () => plot.destroy(),
  };
}

// Without uPlot: the lines, the two ends of the scale and nothing else.
function plainChart(host, series) {
  const canvas = document.createElement("canvas");
  host.append(canvas);
  const pen = canvas.getContext("2d");
  let width = 0;
  let height = 0;
  const resize = () => {
    const ratio = devicePixelRatio || 1;
    width = host.clientWidth;
    height = host.clientHeight;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    canvas.style.width = width + "px";
    canvas.style.height = height + "px";
    pen.scale(ratio, ratio);
  };
  resize();
  return {
    draw(times, columns, from, to) {
      const seen = columns.flat().filter((value) => value !== null);
      const [low, high] = scaleOf(series, seen.length ? Math.min(...seen) : null, seen.length ? Math.max(...seen) : null);
      const left = 40;
      const x = (time) => left + ((time - from) / (to - from)) * (width - left - 4);
      const y = (value) => height - 8 - ((value - low) / (high - low || 1)) * (height - 20);
      pen.clearRect(0, 0, width, height);
      pen.lineWidth = 1;
      pen.strokeStyle = css("--grid");
      pen.fillStyle = css("--muted");
      pen.font = "11px " + css("--font");
      pen.textAlign = "right";
      pen.textBaseline = "middle";
      for (const value of [low, (low + high) / 2, high]) {
        pen.beginPath();
        pen.moveTo(left, y(value));
        pen.lineTo(width, y(value));
        pen.stroke();
        pen.fillText(String(+value.toFixed(2)), left - 6, y(value));
      }
      pen.lineWidth = 2;
      pen.lineJoin = "round";
      columns.forEach((column, index) => {
        pen.strokeStyle = css(`--line${index + 1}`);
        pen.beginPath();
        let down = false;
        column.forEach((value, at) => {
          if (value === null) down = false;
          else {
            pen[down ? "lineTo" : "moveTo"](x(times[at]), y(value));
            down = true;
          }
        });
        pen.stroke();
      });
    },
    resize,
    destroy: () => canvas.remove(),
  };
}
