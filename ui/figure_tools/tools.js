// Saves the chart beside it as PNG or SVG, and shows the picture of the cell under the pointer.

const SCALE = 3;
const WATCH = 400; // milliseconds between looks whether the chart was drawn anew
const GAP = 14; // pixels between pointer and picture

export default function (component) {
  const { data, parentElement } = component;
  const chart = () => document.querySelector(`.st-key-${data.chart} .js-plotly-plot`);
  for (const button of parentElement.querySelectorAll("button")) {
    button.setAttribute("aria-label", data.labels[button.dataset.kind]);
    button.onclick = () => save(chart(), button.dataset.kind, data.name);
  }
  if (!data.pictures) return undefined;
  const card = makeCard();
  let watched = null;
  const watch = setInterval(() => {
    const now = chart();
    if (!now || now === watched || !now.on) return;
    watched = now;
    now.on("plotly_hover", (event) => show(card, event, data.pictures));
    now.on("plotly_unhover", () => { card.hidden = true; });
  }, WATCH);
  return () => { clearInterval(watch); card.remove(); };
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
  if (!point || !point.customdata) return;
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
  whole.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  whole.setAttribute("xmlns:xlink", "http://www.w3.org/1999/xlink");
  whole.setAttribute("width", width);
  whole.setAttribute("height", height);
  whole.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const ground = document.createElementNS("http://www.w3.org/2000/svg", "rect");
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
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
