// Two ellipses, [x, y, across, down, turn] in parts of the side; state is sent when a hand lets go.
const NS = "http://www.w3.org/2000/svg";
const NAMES = { cell: "Cell", nucleus: "Nucleus" };
const LEAST = 0.03;
const MOST = 0.5;
const REACH = 0.07; // of the handle that turns, beyond the shape

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

function element(name, attributes) {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

// A point of the shape's own frame, in the picture's.
function outside([x, y, , , turn], along, beside) {
  const angle = (turn * Math.PI) / 180;
  return [
    x + along * Math.cos(angle) - beside * Math.sin(angle),
    y + along * Math.sin(angle) + beside * Math.cos(angle),
  ];
}

function inside([x, y, , , turn], px, py) {
  const angle = (turn * Math.PI) / 180;
  const [dx, dy] = [px - x, py - y];
  return [
    dx * Math.cos(angle) + dy * Math.sin(angle),
    dy * Math.cos(angle) - dx * Math.sin(angle),
  ];
}

class Shaper {
  constructor(root, first, send) {
    this.svg = root.querySelector("svg");
    this.shapes = structuredClone(first);
    this.first = structuredClone(first);
    this.send = send;
    this.chosen = "nucleus";
    this.drag = null;
    this.build();
    root.querySelector("button").onclick = () => {
      this.shapes = structuredClone(this.first);
      this.draw();
      this.send(this.shapes);
    };
    this.svg.onpointermove = (event) => this.move(event);
    this.svg.onpointerup = () => this.drop();
    this.svg.onpointercancel = () => this.drop();
    this.draw();
  }

  build() {
    const group = this.svg.querySelector(".shapes");
    group.replaceChildren();
    this.drawn = {};
    for (const name of Object.keys(NAMES)) {
      const shape = element("ellipse", { class: `shape ${name}`, tabindex: 0, role: "button" });
      const words = element("text", { class: name });
      words.textContent = NAMES[name];
      shape.onpointerdown = (event) => this.take(event, name, "move");
      shape.onfocus = () => this.choose(name);
      shape.onkeydown = (event) => this.key(event, name);
      group.append(shape, words);
      this.drawn[name] = { shape, words };
    }
    const handles = this.svg.querySelector(".handles");
    handles.replaceChildren();
    this.stem = element("line", { class: "stem" });
    this.handles = {};
    handles.append(this.stem);
    for (const what of ["across", "down", "turn"]) {
      const handle = element("circle", { class: "handle", r: 0.022, "data-handle": what });
      handle.onpointerdown = (event) => this.take(event, this.chosen, what);
      handles.append(handle);
      this.handles[what] = handle;
    }
  }

  choose(name) {
    this.chosen = name;
    this.draw();
  }

  draw() {
    for (const [name, { shape, words }] of Object.entries(this.drawn)) {
      const [x, y, across, down, turn] = this.shapes[name];
      shape.setAttribute("cx", x);
      shape.setAttribute("cy", y);
      shape.setAttribute("rx", across);
      shape.setAttribute("ry", down);
      shape.setAttribute("transform", `rotate(${turn} ${x} ${y})`);
      shape.classList.toggle("chosen", name === this.chosen);
      const share = (value) => Math.round(100 * value);
      shape.setAttribute(
        "aria-label",
        `${NAMES[name]}: ${share(2 * across)} by ${share(2 * down)} % of the picture, at ` +
          `${share(x)}, ${share(y)}, turned by ${Math.round(turn)} degrees`,
      );
      words.setAttribute("x", x);
      words.setAttribute("y", name === "cell" ? y + down * 0.8 : y + 0.017);
    }
    const shape = this.shapes[this.chosen];
    const places = {
      across: outside(shape, shape[2], 0),
      down: outside(shape, 0, shape[3]),
      turn: outside(shape, 0, -shape[3] - REACH),
    };
    for (const [what, [x, y]] of Object.entries(places)) {
      this.handles[what].setAttribute("cx", x);
      this.handles[what].setAttribute("cy", y);
    }
    const [x, y] = outside(shape, 0, -shape[3]);
    this.stem.setAttribute("x1", x);
    this.stem.setAttribute("y1", y);
    this.stem.setAttribute("x2", places.turn[0]);
    this.stem.setAttribute("y2", places.turn[1]);
  }

  at(event) {
    const box = this.svg.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  take(event, name, what) {
    event.preventDefault();
    this.choose(name);
    this.drawn[name].shape.focus({ preventScroll: true });
    this.drag = { name, what, last: this.at(event) };
    this.svg.setPointerCapture(event.pointerId);
  }

  move(event) {
    if (!this.drag) return;
    const { name, what, last } = this.drag;
    const now = this.at(event);
    const shape = this.shapes[name];
    if (what === "move") {
      shape[0] = clamp(shape[0] + now[0] - last[0], 0, 1);
      shape[1] = clamp(shape[1] + now[1] - last[1], 0, 1);
    } else if (what === "turn") {
      const angle = Math.atan2(now[1] - shape[1], now[0] - shape[0]);
      shape[4] = ((angle * 180) / Math.PI + 90 + 360) % 360;
    } else {
      const [along, beside] = inside(shape, ...now);
      const index = what === "across" ? 2 : 3;
      shape[index] = clamp(Math.abs(what === "across" ? along : beside), LEAST, MOST);
    }
    this.drag.last = now;
    this.drag.moved = true;
    this.draw();
  }

  drop() {
    if (this.drag?.moved) this.send(this.shapes);
    this.drag = null;
  }

  key(event, name) {
    const shape = this.shapes[name];
    const step = 0.02;
    const stretch = (index, by) => (shape[index] = clamp(shape[index] + by, LEAST, MOST));
    const shift = (index, by) => (shape[index] = clamp(shape[index] + by, 0, 1));
    const both = (by) => {
      stretch(2, by);
      stretch(3, by);
    };
    const moves = event.shiftKey
      ? {
          ArrowRight: () => stretch(2, step),
          ArrowLeft: () => stretch(2, -step),
          ArrowDown: () => stretch(3, step),
          ArrowUp: () => stretch(3, -step),
        }
      : {
          ArrowRight: () => shift(0, step),
          ArrowLeft: () => shift(0, -step),
          ArrowDown: () => shift(1, step),
          ArrowUp: () => shift(1, -step),
        };
    const others = {
      "+": () => both(step),
      "=": () => both(step),
      "-": () => both(-step),
      "]": () => (shape[4] = (shape[4] + 10) % 360),
      "[": () => (shape[4] = (shape[4] + 350) % 360),
    };
    const act = moves[event.key] ?? others[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
    this.draw();
    clearTimeout(this.later);
    this.later = setTimeout(() => this.send(this.shapes), 400);
  }
}

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".shaper");
  if (!root.shaper) {
    root.shaper = new Shaper(root, data.first, (shapes) =>
      setStateValue("shapes", structuredClone(shapes)),
    );
  }
  return () => clearTimeout(root.shaper?.later);
}
