// Saves the chart beside it as PNG or SVG. Of one whose points are cells, it shows the picture of the
// cell under the pointer, and draws the points: Plotly takes a second for the elements of thousands.

const SCALE = 3;
const KEPT = 60_000; // milliseconds that a file stays for a browser that is slow to take it
const GAP = 14; // pixels between pointer and picture
const TOGETHER = 50; // points in one path
const FAINT = 0.2; // of their opacity is left to points that were not chosen
const SVG = "http://www.w3.org/2000/svg";
const SHAPES = { // corners of a symbol whose half size is 1, as Plotly draws it
  square: [[-1, -1], [1, -1], [1, 1], [-1, 1]],
  diamond: [[0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0]],
  "triangle-up": [[-1.15, 0.5], [1.15, 0.5], [0, -1]],
  cross: [
    [1.2, -0.4], [1.2, 0.4], [0.4, 0.4], [0.4, 1.2], [-0.4, 1.2], [-0.4, 0.4],
    [-1.2, 0.4], [-1.2, -0.4], [-0.4, -0.4], [-0.4, -1.2], [0.4, -1.2], [0.4, -0.4],
  ],
};

export default function (component) {
  const { data, parentElement } = component;
  const buttons = [...parentElement.querySelectorAll("button")];
  const chart = () => document.querySelector(`.st-key-${data.chart} .js-plotly-plot`);
  for (const button of buttons) {
    button.setAttribute("aria-label", data.labels[button.dataset.kind]);
    button.onclick = () => save(chart(), button.dataset.kind, data.name);
  }
  const card = data.pictures ? makeCard() : null;
  let known = null;
  let leave = () => {};
  const look = () => {
    const now = chart();
    const ready = Boolean(now && now.on && now.calcdata);
    for (const button of buttons) button.disabled = !ready;
    if (!card || !ready || now === known) return;
    known = now;
    card.hidden = true;
    leave();
    leave = attend(now, card, data.pictures);
  };
  const watch = new MutationObserver(look);
  watch.observe(document.body, { childList: true, subtree: true });
  look();
  return () => { watch.disconnect(); leave(); card?.remove(); };
}

function attend(plot, card, pictures) {
  const paint = () => paintPoints(plot);
  const answers = {
    plotly_afterplot: paint,
    plotly_selected: paint,
    plotly_deselect: paint,
    plotly_hover: (event) => show(card, event, pictures),
    plotly_unhover: () => { card.hidden = true; },
  };
  for (const [event, answer] of Object.entries(answers)) plot.on(event, answer);
  paint();
  return () => {
    for (const [event, answer] of Object.entries(answers)) plot.removeListener(event, answer);
  };
}

function paintPoints(plot) {
  for (const points of plot.calcdata) {
    const { trace } = points[0];
    const group = plot.querySelector(`.trace${trace.uid} .points`);
    if (!group || !trace.marker?.maxdisplayed) continue;
    const chosen = (each) => !trace.selectedpoints || each.selected;
    const parts = [[points.filter((each) => !chosen(each)), FAINT], [points.filter(chosen), 1]];
    const symbol = outline(trace.marker.symbol, trace.marker.size / 2);
    const { xaxis, yaxis } = plot._fullLayout;
    const drawn = ({ x, y }) => `M${xaxis.c2p(x).toFixed(1)},${yaxis.c2p(y).toFixed(1)}${symbol}`;
    group.replaceChildren(
      ...parts.flatMap(([some, share]) => paths(some.map(drawn), trace.marker, share)),
    );
  }
}

// Several paths a trace, each of points from all over it, so that it shows where points overlap.
function paths(drawn, marker, share) {
  const count = Math.ceil(drawn.length / TOGETHER);
  return Array.from({ length: count }, (_, number) => {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("class", "cervix-points");
    path.setAttribute("d", drawn.filter((_, at) => at % count === number).join(""));
    path.setAttribute("fill", marker.color);
    path.setAttribute("fill-opacity", share * marker.opacity);
    return path;
  });
}

function outline(symbol, half) {
  if (!SHAPES[symbol]) {
    return `m${-half},0a${half},${half} 0 1,0 ${2 * half},0a${half},${half} 0 1,0 ${-2 * half},0z`;
  }
  let last = [0, 0];
  const steps = SHAPES[symbol].map((corner) => {
    const step = corner.map((each, axis) => ((each - last[axis]) * half).toFixed(2));
    last = corner;
    return step;
  });
  return `m${steps.join("l")}z`;
}

function makeCard() {
  const card = document.createElement("img");
  card.alt = "";
  card.hidden = true;
  card.className = "cervix-pointed";
  Object.assign(card.style, {
    position: "fixed", zIndex: 1000, maxWidth: "180px", maxHeight: "180px", borderRadius: "8px",
    border: "2px solid #fff", boxShadow: "0 2px 10px rgb(0 0 0 / 45%)", pointerEvents: "none",
  });
  document.body.append(card);
  return card;
}

function show(card, event, pictures) {
  const point = event.points[0];
  if (point?.customdata === undefined) return;
  card.src = pictures + point.customdata;
  card.hidden = false;
  const { clientX: x, clientY: y } = event.event;
  const right = x + GAP + 190 > window.innerWidth;
  card.style.left = right ? "auto" : `${x + GAP}px`;
  card.style.right = right ? `${window.innerWidth - x + GAP}px` : "auto";
  const low = y + GAP + 190 > window.innerHeight;
  card.style.top = low ? "auto" : `${y + GAP}px`;
  card.style.bottom = low ? `${window.innerHeight - y + GAP}px` : "auto";
}

function drawn(plot) {
  const layers = [...plot.querySelectorAll("svg.main-svg")];
  const { width, height } = layers[0].getBoundingClientRect();
  const whole = layers[0].cloneNode(true);
  for (const layer of layers.slice(1)) {
    for (const part of layer.cloneNode(true).children) whole.append(part.cloneNode(true));
  }
  for (const part of whole.querySelectorAll(".hoverlayer, .zoomlayer, .drag, .nsewdrag")) part.remove();
  whole.setAttribute("xmlns", SVG);
  whole.setAttribute("xmlns:xlink", "http://www.w3.org/1999/xlink");
  whole.setAttribute("width", width);
  whole.setAttribute("height", height);
  whole.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const ground = document.createElementNS(SVG, "rect");
  ground.setAttribute("width", "100%");
  ground.setAttribute("height", "100%");
  ground.setAttribute("style", `fill: ${colourBehind(plot)}`);
  whole.prepend(ground);
  return { text: new XMLSerializer().serializeToString(whole), width, height };
}

function colourBehind(element) {
  for (let each = element; each; each = each.parentElement) {
    const colour = getComputedStyle(each).backgroundColor;
    if (colour && colour !== "transparent" && !/, 0\)$/.test(colour)) return colour;
  }
  return "#fff";
}

async function save(plot, kind, name) {
  if (!plot) return;
  const { text, width, height } = drawn(plot);
  const svg = new Blob([text], { type: "image/svg+xml" });
  offer(kind === "svg" ? svg : await painted(svg, width, height), `${name}.${kind}`);
}

async function painted(svg, width, height) {
  const address = URL.createObjectURL(svg);
  try {
    const picture = new Image();
    picture.src = address;
    await picture.decode();
    const canvas = document.createElement("canvas");
    canvas.width = width * SCALE;
    canvas.height = height * SCALE;
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    return await new Promise((done) => canvas.toBlob(done, "image/png"));
  } finally {
    URL.revokeObjectURL(address);
  }
}

function offer(content, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.hidden = true;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT);
}
