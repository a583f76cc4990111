// A cell, a field or a slide to pan and zoom, with layers that are switched here, without a rerun of
// the page.

const REMEMBERED = "cervix.viewer.layers";
const SVG = "http://www.w3.org/2000/svg";
const LAYER_OF_KEY = { x: "mask", z: "outline", h: "heat" };
const ZOOM_STEP = 1.4;
const SCALE_BAR_PIXELS = 110;

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".viewer");
  const { chosen, ...still } = data; // another cell of the same field needs no new picture
  const signature = JSON.stringify(still);
  if (root.mounted?.signature !== signature) {
    root.mounted?.remove();
    root.mounted = mount(root, data, signature);
  }
  root.mounted.choose(chosen, setTriggerValue);
  return () => {
    root.mounted?.remove();
    root.mounted = undefined;
  };
}

function mount(root, data, signature) {
  const parts = Object.fromEntries(
    ["stage", "opacity", "scale", "help", "problem", "read", "waiting"].map((name) => [name, root.querySelector("." + name)]),
  );
  const view = { root, data, parts, layers: recall(), viewer: null, gone: false, chosen: null, report: null };
  root.setAttribute("aria-label", data.alt);
  // Their pages have legends of their own.
  root.classList.toggle("field", Boolean(data.cells || data.tiles));
  root.classList.toggle("slide", Boolean(data.tiles));
  root.style.aspectRatio = Math.min(1.7, Math.max(0.95, data.width / data.height));
  const stop = new AbortController();
  listen(view, stop.signal);
  load(data.library).then(
    () => view.gone || open(view),
    () => complain(view, "The viewer could not be loaded. Reload the page."),
  );
  show(view);
  return {
    signature,
    choose(number, report) {
      view.report = report;
      if (number === view.chosen) return;
      view.chosen = number;
      showChosen(view);
    },
    remove() {
      view.gone = true;
      stop.abort();
      view.viewer?.destroy();
      parts.stage.replaceChildren();
    },
  };
}

// One script element a document, however many viewers there are.
function load(url) {
  window.cervixViewerLibrary ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = resolve;
    script.onerror = (problem) => {
      window.cervixViewerLibrary = undefined;
      reject(problem);
    };
    document.head.append(script);
  });
  return window.cervixViewerLibrary;
}

function open(view) {
  const { data, parts } = view;
  view.viewer = window.OpenSeadragon({
    element: parts.stage,
    tileSources: data.tiles ? tiled(data) : { type: "image", url: data.image },
    drawer: "canvas",
    showNavigationControl: false,
    imageSmoothingEnabled: true,
    maxZoomPixelRatio: data.tiles ? 4 : 24,
    minZoomImageRatio: 0.6,
    visibilityRatio: 0.4,
    homeFillsViewer: false,
    animationTime: 0.3,
    gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
  });
  const { viewer } = view;
  viewer.addHandler("open", () => {
    viewer.addOverlay({
      element: overlay(data),
      location: new window.OpenSeadragon.Rect(0, 0, 1, data.height / data.width),
    });
    show(view);
    showChosen(view);
    view.root.dataset.ready = "true";
  });
  viewer.addHandler("canvas-click", (event) => event.quick && pick(view, event.position));
  viewer.addHandler("open-failed", () => complain(view, "The picture could not be loaded. Reload the page."));
  viewer.addHandler("update-viewport", () => drawScale(view));
  if (data.tiles) {
    viewer.addHandler("update-viewport", () => offerView(view));
    parts.waiting.hidden = false;
    viewer.addOnceHandler("tile-drawn", () => (parts.waiting.hidden = true));
    viewer.addOnceHandler("tile-load-failed", () => complain(view, "A part of the slide could not be loaded."));
  }
  // Letters belong to the page; of the library's own keys the arrows stay.
  viewer.addHandler("canvas-key", (event) => {
    event.preventDefaultAction = !event.originalEvent.key.startsWith("Arrow");
  });
  viewer.canvas.setAttribute("role", "application");
  viewer.canvas.setAttribute("aria-label", data.alt + " Arrow keys move, plus and minus zoom.");
}

// The tiles of a slide, by the levels of the Deep Zoom format.
function tiled({ tiles, width, height }) {
  return {
    width,
    height,
    tileSize: tiles.size,
    tileOverlap: 0,
    getTileUrl: (level, x, y) => `${tiles.url}/${level}/${x}_${y}.jpg`,
  };
}

// The part of the slide that is in view, in its pixels.
function inView({ viewer, data }) {
  const seen = viewer.world.getItemAt(0).viewportToImageRectangle(viewer.viewport.getBounds());
  const [left, top] = [Math.max(0, seen.x), Math.max(0, seen.y)].map(Math.round);
  const width = Math.round(Math.min(data.width, seen.x + seen.width)) - left;
  const height = Math.round(Math.min(data.height, seen.y + seen.height)) - top;
  return [left, top, Math.max(0, width), Math.max(0, height)];
}

function offerView(view) {
  const { viewer, parts, data } = view;
  if (!viewer.world.getItemAt(0)) return;
  const [, , width, height] = inView(view);
  const large = width * height > data.most;
  const millions = (count) => `${Math.round(count / 1e6)} megapixels`;
  const words = large
    ? `Zoom in to read: ${millions(width * height)} in view, ${millions(data.most)} at most`
    : `Read what is in view: ${width} × ${height} pixels`;
  const [button, label] = [parts.read.querySelector("button"), parts.read.querySelector("span")];
  if (label.textContent !== words) label.textContent = words;
  button.disabled = large || !width || !height;
  parts.read.hidden = false;
}

function overlay(data) {
  const box = document.createElement("div");
  box.className = "overlay";
  for (const layer of ["heat", "mask"]) {
    if (!data[layer]) continue;
    const picture = new Image();
    picture.alt = "";
    picture.dataset.layer = layer;
    picture.src = data[layer];
    box.append(picture);
  }
  if (data.outlines) box.append(outlines(data));
  if (data.cells) box.append(cells(data));
  if (data.parts) box.append(readParts(data));
  return box;
}

function canvasOf(data) {
  const svg = document.createElementNS(SVG, "svg");
  svg.dataset.layer = "outline";
  svg.setAttribute("class", "outlines");
  svg.setAttribute("viewBox", `0 0 ${data.width} ${data.height}`);
  svg.setAttribute("preserveAspectRatio", "none");
  return svg;
}

function pathOf(polygons, style) {
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("class", style);
  line.setAttribute("d", polygons.map((points) => "M" + points.map((p) => p.join(" ")).join("L") + "Z").join(""));
  return line;
}

// The cells of a whole field, each in the colour of its class, moved to where it lies.
function cells(data) {
  const svg = canvasOf(data);
  for (const cell of data.cells) {
    const group = document.createElementNS(SVG, "g");
    group.dataset.number = cell.number;
    group.setAttribute("transform", `translate(${cell.left} ${cell.top})`);
    group.style.setProperty("--colour", cell.colour);
    group.append(pathOf(cell.cytoplasm, "casing"), pathOf(cell.nucleus, "casing"));
    group.append(pathOf(cell.cytoplasm, "field-cell"), pathOf(cell.nucleus, "nucleus"));
    svg.append(group);
  }
  return svg;
}

// The parts of a slide that were read.
function readParts(data) {
  const svg = canvasOf(data);
  for (const { left, top, width, height } of data.parts) {
    const corners = [[left, top], [left + width, top], [left + width, top + height], [left, top + height]];
    svg.append(pathOf([corners], "casing"), pathOf([corners], "part"));
  }
  return svg;
}

// The cell whose nucleus is nearest to a place on the screen, within the width of a cell.
function pick({ viewer, data, report }, position) {
  if (!data.cells || !report) return;
  const item = viewer.world.getItemAt(0);
  const at = item.viewerElementToImageCoordinates(position);
  const scale = data.width / item.getContentSize().x;
  const apart = (cell) => Math.hypot(cell.x - at.x * scale, cell.y - at.y * scale);
  const nearest = data.cells.reduce((best, each) => (!best || apart(each) < apart(best) ? each : best), null);
  if (nearest && apart(nearest) < 160) report("cell", nearest.number);
}

function showChosen({ root, viewer, data, chosen }) {
  if (!data.cells || !viewer?.world.getItemAt(0)) return;
  for (const group of root.querySelectorAll("[data-number]")) {
    group.classList.toggle("chosen", Number(group.dataset.number) === chosen);
  }
  const cell = data.cells.find((each) => each.number === chosen);
  if (!cell) return;
  root.querySelector(`[data-number="${chosen}"]`).parentNode.append(root.querySelector(`[data-number="${chosen}"]`));
  const { viewport } = viewer;
  const centre = new window.OpenSeadragon.Point(cell.x / data.width, cell.y / data.width);
  const seen = viewport.getBounds();
  const inside = seen.containsPoint(centre, -0.05 * seen.width);
  if (!inside) viewport.panTo(centre);
}

function outlines(data) {
  const svg = canvasOf(data);
  for (const region of ["cytoplasm", "nucleus"]) {
    for (const style of ["casing", region]) svg.append(pathOf(data.outlines[region], style));
  }
  return svg;
}

function listen(view, signal) {
  const { root, parts } = view;
  const on = (target, event, act) => target.addEventListener(event, act, { signal });
  for (const button of root.querySelectorAll("[data-toggle]")) {
    button.disabled = !available(view.data, button.dataset.toggle);
    button.hidden = button.disabled && Boolean(view.data.cells || view.data.tiles);
    on(button, "click", () => toggle(view, button.dataset.toggle));
  }
  for (const button of root.querySelectorAll("[data-action]")) {
    on(button, "click", () => act(view, button.dataset.action));
  }
  on(parts.opacity.querySelector("input"), "input", (event) => {
    view.layers.opacity = Number(event.target.value);
    show(view);
  });
  on(document, "keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isWriting(event.composedPath()[0])) return;
    const layer = LAYER_OF_KEY[event.key.toLowerCase()];
    const action = { "+": "in", "=": "in", "-": "out", 0: "home", "?": "help" }[event.key];
    if (layer) toggle(view, layer);
    else if (action) act(view, action);
    else if (event.key.toLowerCase() === "r" && view.data.tiles) act(view, "read");
    else if (event.key === "Escape" && !parts.help.hidden) act(view, "help");
  });
}

function isWriting(element) {
  return element?.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(element?.tagName);
}

function available(data, layer) {
  return Boolean(layer === "outline" ? (data.outlines ?? data.cells ?? data.parts?.length) : data[layer]);
}

function toggle(view, layer) {
  if (!available(view.data, layer)) return;
  view.layers[layer] = !view.layers[layer];
  show(view);
}

function act(view, action) {
  if (action === "help") {
    view.parts.help.hidden = !view.parts.help.hidden;
    view.root.querySelector("[data-action=help]").setAttribute("aria-expanded", String(!view.parts.help.hidden));
    return;
  }
  const viewport = view.viewer?.viewport;
  if (!viewport) return;
  if (action === "read") {
    if (!view.parts.read.querySelector("button").disabled) view.report("view", inView(view));
    return;
  }
  if (action === "home") viewport.goHome();
  else viewport.zoomBy(action === "in" ? ZOOM_STEP : 1 / ZOOM_STEP);
  viewport.applyConstraints();
}

function show(view) {
  const { root, parts, layers, data } = view;
  for (const button of root.querySelectorAll("[data-toggle]")) {
    const layer = button.dataset.toggle;
    const shown = layers[layer] && available(data, layer);
    button.setAttribute("aria-pressed", String(shown));
    const element = root.querySelector(`[data-layer="${layer}"]`);
    if (element) element.toggleAttribute("hidden", !shown);
    if (element && layer === "heat") element.style.opacity = layers.opacity / 100;
  }
  parts.opacity.hidden = !(layers.heat && data.heat);
  parts.opacity.querySelector("input").value = layers.opacity;
  parts.problem.hidden = true;
  remember(layers);
}

function drawScale({ viewer, parts, data }) {
  if (!data.micrometresPerPixel || !viewer.world.getItemAt(0)) return;
  const zoom = viewer.world.getItemAt(0).viewportToImageZoom(viewer.viewport.getZoom(true));
  const screenPixelsPerMicrometre = zoom / data.micrometresPerPixel;
  const length = roundDown(SCALE_BAR_PIXELS / screenPixelsPerMicrometre);
  parts.scale.hidden = false;
  parts.scale.querySelector(".rule").style.width = length * screenPixelsPerMicrometre + "px";
  parts.scale.querySelector(".length").textContent = `${length} µm`;
}

// 1, 2 or 5 times a power of ten.
function roundDown(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [5, 2, 1].find((each) => each * power <= value);
  return Number((step * power).toPrecision(1));
}

function complain({ parts }, sentence) {
  parts.problem.textContent = sentence;
  parts.problem.hidden = false;
}

// Which layers a reader likes to see holds for the next cell and the next visit.
function recall() {
  const usual = { mask: false, outline: true, heat: false, opacity: 55 };
  try {
    return { ...usual, ...JSON.parse(localStorage.getItem(REMEMBERED)) };
  } catch {
    return usual;
  }
}

function remember(layers) {
  try {
    localStorage.setItem(REMEMBERED, JSON.stringify(layers));
  } catch {
    // A browser that stores nothing shows the usual layers each time.
  }
}
