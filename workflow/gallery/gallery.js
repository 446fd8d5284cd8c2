// The gallery. A card is one (sample, net, size): the input, then a map of each method. Cards are
// numbered samples x cells (nets at their sizes), maps cards x methods, inputs samples x sizes; data holds
// their numbers in that order, null where undefined. A position is a picture's index among the visible ones.

const data = JSON.parse(document.getElementById("data").textContent);
const { methods, nets, sizes, cells, samples, inputs, cards, maps } = data;

const PICTURES = 1 + methods.length;
const BATCH = 12; // cards that are added and removed together
const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -PICTURES, ArrowDown: PICTURES };
const NATURAL = {
  sample: "ascending",
  concentration: "descending",
  lift: "descending",
  target_rank: "ascending",
  target_probability: "descending",
};
// A rank compares the outputs with each other: sigmoid outputs have none.
const PREDICTION = cards.sigmoid.includes(true) ? "target_probability" : "target_rank";
const PREDICTION_NAMES = { target_probability: "probability", target_rank: "target rank" };
const MAPS = {
  seen: { folder: "maps", most: "99.5th percentile of |I|" },
  scored: { folder: "scored", most: "largest energy, |I|²" },
};
const CHOICES = {
  first: "one of each class, chosen without regard to its maps",
  worst: "the one of each class on which the leading method does worst",
  named: "those that the configuration names",
};
const COALESCED = 1000; // ms within which changes of one control are one step in the history
const FACTS = {
  mask_fraction: "Mask fraction",
  box_fraction: "Box fraction",
  target: "Target index",
};
const FEW = ["Concentration P", "Lift", "Mask fraction"]; // shown in low windows

const form = document.getElementById("controls");
const gallery = document.getElementById("gallery");
const readout = document.getElementById("readout");
const view = document.getElementById("view");
const fields = form.elements;

let visible = []; // the filtered cards, in their order
let reading = null; // the picture whose numbers are shown
let viewed = -1; // the position in the large view
let applied = null; // the current filters and order, as in the address
let lastChange = { control: null, time: 0 };
let printing = false;

// Text and numbers

function number(name, value) {
  if (value === null) return "undefined";
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) < 0.001 ? value.toExponential(1) : value.toFixed(name === "lift" ? 2 : 3);
}

function probability(value) {
  if (value === null) return "undefined";
  if (value > 0.9999) return "> 0.9999";
  return value < 0.001 && value > 0 ? value.toExponential(1) : String(Number(value.toFixed(4)));
}

const sizeName = (size) => data.size_labels[sizes.indexOf(size)];

const netName = (net) => (data.untrained.includes(net) ? `${net} (untrained)` : net);

const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

function parts(card) {
  const sample = Math.floor(card / cells.length);
  const [ofNet, ofSize] = cells[card % cells.length];
  const [net, size] = [nets[ofNet], sizes[ofSize]];
  const input = sample * sizes.length + ofSize;
  return { sample, net, size, input, className: data.classes[samples.class[sample]] };
}

/** The card at a position, and the method (an index) of its map: -1 is the input. */
function at(position) {
  const card = visible[Math.floor(position / PICTURES)];
  const method = (position % PICTURES) - 1;
  return { card, method, map: card * methods.length + method };
}

function source({ card, method }) {
  const { sample, net, size } = parts(card);
  const { folder } = MAPS[fields.map.value];
  const folders = method < 0 ? ["inputs", size] : [folder, net, methods[method].name, size];
  const path = ["pictures", ...folders, `${samples.id[sample]}.webp`];
  return path.map(encodeURIComponent).join("/");
}

function whereabouts({ card }) {
  const { net, size, className } = parts(card);
  return `${className}, ${netName(net)}, ${sizeName(size)}`;
}

function heading({ card, method }) {
  const title = document.createElement("span");
  title.textContent = method < 0 ? "Input" : methods[method].label;
  if (method >= 0) paint(title, method).classList.add("chip");
  const where = document.createElement("span");
  where.className = "soft";
  where.textContent = whereabouts({ card });
  return [title, " ", where];
}

function numbers({ card, method, map }) {
  const rows = (names, table, index) =>
    Object.entries(names).map(([key, name]) => [name, number(key, table[key][index])]);
  const ofCard = Object.entries(FACTS).filter(([key]) => cards[key][card] !== null);
  const facts = [...rows(Object.fromEntries(ofCard), cards, card), ...prediction(card)];
  if (method < 0) return [["Sample", samples.id[parts(card).sample]], ...facts];
  const controls = rows(data.control_labels, data.controls, card);
  const status = ["Status", data.statuses[maps.status[map]]];
  const energy = maps.negligible[map] ? [["Energy", "negligible"]] : [];
  return [...rows(data.measure_labels, maps, map), status, ...energy, ...facts, ...controls];
}

function prediction(card) {
  if (cards.target[card] === null) return []; // no net has predicted
  const likely = ["Probability", probability(cards.target_probability[card])];
  if (!cards.sigmoid[card]) {
    return [["Target rank", number("target_rank", cards.target_rank[card])], likely];
  }
  if (cards.target_probability[card] === null) return [likely];
  return [["Recognised", cards.recognised[card] ? "yes" : "no"], likely];
}

function pairs(rows) {
  return rows.map(([name, value]) => {
    const pair = document.createElement("div");
    pair.className = FEW.includes(name) ? "few" : "";
    pair.append(document.createElement("dt"), " ", document.createElement("dd"), " ");
    pair.children[0].textContent = name;
    pair.children[1].textContent = value;
    return pair;
  });
}

// Cards

function copy(template) {
  return document.getElementById(template).content.firstElementChild.cloneNode(true);
}

function paint(element, method) {
  element.style.setProperty("--color", methods[method].color);
  return element;
}

/** A method that is not defined for a net has no map: a text replaces the picture. */
const isThere = ({ method, map }) => method < 0 || maps.there[map];

function frame(where) {
  const element = copy(isThere(where) ? "frame" : "no-map");
  if (!isThere(where)) return element;
  const place = parts(where.card);
  element.querySelector("path").setAttribute("d", samples.outline[place.sample]);
  element.querySelector("svg").setAttribute("viewBox", inputs.window[place.input]);
  element.querySelector("img").src = source(where);
  return element;
}

function picture(position) {
  const where = at(position);
  const element = copy("picture");
  element.dataset.position = position;
  element.prepend(frame(where));
  const caption = where.method < 0 ? inputCaption(element, where) : mapCaption(element, where);
  element.querySelector(".value").textContent = caption.value;
  element.querySelector(".name").textContent = caption.name;
  element.querySelector(".where").textContent = whereabouts(where);
  return element;
}

function inputCaption(element, { card }) {
  element.querySelector(".share").style.visibility = "hidden";
  return { value: "Input", name: `chance ${number("mask_fraction", cards.mask_fraction[card])}` };
}

function mapCaption(element, { card, method, map }) {
  const concentration = maps.concentration[map];
  paint(element, method).classList.add("map");
  element.classList.toggle("sorts", method === sortingMethod());
  element.classList.toggle("undefined", concentration === null);
  element.style.setProperty("--share", concentration ?? 0);
  element.style.setProperty("--chance", cards.mask_fraction[card]);
  const name = methods[method].label;
  if (!maps.there[map]) return { value: "No map", name };
  const words = [
    concentration === null
      ? `P undefined: ${data.statuses[maps.status[map]]}`
      : `P = ${concentration.toFixed(2)}`,
  ];
  if (maps.negligible[map]) words.push("negligible energy");
  return { value: words.join(", "), name };
}

function row(place) {
  const card = visible[place];
  const { sample, net, size, className } = parts(card);
  const texts = {
    class: className,
    net: netName(net),
    size: sizeName(size),
    target: targetText(card),
    chosen: "worst of its class by the leading method",
    sample: samples.id[sample],
  };
  const element = copy("card");
  for (const [name, text] of Object.entries(texts)) {
    element.querySelector(`.${name}`).textContent = text;
  }
  element.querySelector(".chosen").hidden = samples.chosen[sample] !== "worst";
  element.style.setProperty("--ratio", inputs.ratio[parts(card).input]);
  const positions = Array.from({ length: PICTURES }, (_, i) => place * PICTURES + i);
  element.querySelector(".row").append(...positions.map(picture));
  return element;
}

function targetText(card) {
  if (cards.target[card] === null) return "maps of another tool";
  const likely = `probability ${probability(cards.target_probability[card])}`;
  const rank = cards.target_rank[card] ?? "undefined";
  if (!cards.sigmoid[card]) return `target rank ${rank}, ${likely}`;
  if (cards.target_probability[card] === null) return likely;
  return `${cards.recognised[card] ? "recognised" : "not recognised"}, ${likely}`;
}

// Batches: all have a place on the page, those near the window have cards

const observer = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) (isIntersecting ? fill : empty)(target);
  },
  { rootMargin: "800px 0px" },
);

function fill(batch) {
  if (batch.hasChildNodes()) return;
  const first = Number(batch.dataset.first);
  const length = Math.min(BATCH, visible.length - first);
  batch.append(...Array.from({ length }, (_, i) => row(first + i)));
  batch.style.height = "";
}

function empty(batch) {
  if (printing || !batch.hasChildNodes() || batch.contains(document.activeElement)) return;
  batch.style.height = `${batch.offsetHeight}px`; // keeps the layout
  batch.replaceChildren();
}

function lay() {
  observer.disconnect();
  const batches = Array.from({ length: Math.ceil(visible.length / BATCH) }, (_, i) => {
    const batch = document.createElement("div");
    batch.className = "batch";
    batch.dataset.first = i * BATCH;
    return batch;
  });
  gallery.replaceChildren(...batches);
  if (batches.length) fill(batches[0]);
  estimate();
  for (const batch of batches) observer.observe(batch);
}

/** Gives batches that were never filled, or not at this width, the height of the first one. */
function estimate() {
  const [first, ...rest] = gallery.children;
  for (const batch of rest) batch.style.height = "";
  if (!first?.hasChildNodes()) return;
  gallery.style.setProperty("--batch-height", `${first.offsetHeight}px`);
}

// Filters and order

function sortingMethod() {
  const uses = ["concentration", "lift"].includes(fields.sort.value);
  return uses ? methods.findIndex(({ name }) => name === fields.method.value) : -1;
}

function matches(card) {
  const { net, size, className } = parts(card);
  const filters = [fields.class.value, fields.net.value, fields.size.value];
  return [className, net, size].every((value, i) => filters[i] === "" || filters[i] === value);
}

function sortKey() {
  const [sort, method] = [fields.sort.value, sortingMethod()];
  if (sort === "sample") return (card) => card;
  if (sort === PREDICTION) return (card) => cards[PREDICTION][card];
  return (card) => maps[sort][card * methods.length + method];
}

/** Undefined comes last in either order; equals keep the order of the study. */
function comparison() {
  const key = sortKey();
  const sign = fields.order.value === "ascending" ? 1 : -1;
  return (a, b) => {
    const [x, y] = [key(a), key(b)];
    if (x === null || y === null) return (x === null) - (y === null) || a - b;
    return sign * (x - y) || a - b;
  };
}

function apply() {
  applied = arrangement();
  const total = samples.id.length * cells.length;
  const all = Array.from({ length: total }, (_, card) => card);
  visible = all.filter(matches).sort(comparison());
  const ascending = fields.order.value === "ascending";
  fields.order.ariaLabel = `Order: ${fields.order.value}`;
  fields.order.textContent = ascending ? "↑ ascending" : "↓ descending";
  fields.method.disabled = sortingMethod() < 0;
  document.getElementById("count").textContent = `${visible.length} of ${counted(total, "row")}`;
  viewed = -1;
  hideNumbers();
  lay();
}

function scrollToStart() {
  const start = gallery.offsetTop - form.offsetHeight;
  if (window.scrollY > start) window.scrollTo(0, start);
}

/** Updates outline and kind of maps on the present pictures; the layout stays. */
function draw() {
  document.body.classList.toggle("plain", !fields.outline.checked);
  const kind = MAPS[fields.map.value];
  for (const button of gallery.querySelectorAll(".map")) {
    const where = at(Number(button.dataset.position));
    if (!isThere(where)) continue;
    const image = button.querySelector("img");
    const path = source(where);
    if (image.getAttribute("src") === path) continue;
    button.querySelector(".frame").classList.remove("missing");
    image.src = path;
  }
  if (view.open) fillView();
  for (const most of document.querySelectorAll(".scale .most")) most.textContent = kind.most;
}

// The address: the controls that differ from their default, and the picture in the large view. A
// change is a step in the browser's history, so that Back undoes it.

const defaults = () => ({
  class: "",
  net: "",
  size: "",
  sort: "sample",
  method: methods.at(-1).name,
  order: NATURAL[fields.sort.value],
  map: "seen",
});

const ofAddress = () => new URLSearchParams(location.hash.slice(1));

function ofControls() {
  const state = new URLSearchParams();
  for (const [name, value] of Object.entries(defaults())) {
    if (fields[name].value !== value) state.set(name, fields[name].value);
  }
  if (!fields.outline.checked) state.set("outline", "off");
  return state;
}

function replaceAddress(state) {
  history.replaceState(history.state, "", `#${String(state).replaceAll("%2F", "/")}`);
}

/** Adds a step to the history; `opened` is whether it opens the large view. */
function pushAddress(state, opened) {
  history.pushState({ opened }, "");
  replaceAddress(state);
}

function writeControls(control) {
  const now = performance.now();
  const again = lastChange.control === control && now - lastChange.time < COALESCED;
  lastChange = { control, time: now };
  const state = ofControls();
  if (view.open) state.set("view", nameOf(viewed));
  if (again || view.open) replaceAddress(state);
  else pushAddress(state, false);
}

/** The filters and the order. */
function arrangement() {
  const names = ["class", "net", "size", "sort", "method", "order"];
  return JSON.stringify(names.map((name) => fields[name].value));
}

function readAddress() {
  const state = ofAddress();
  for (const name of ["class", "net", "size", "sort", "method", "map"]) {
    const options = Array.from(fields[name].options, ({ value }) => value);
    fields[name].value = options.includes(state.get(name)) ? state.get(name) : defaults()[name];
  }
  const order = state.get("order");
  fields.order.value = Object.values(NATURAL).includes(order) ? order : defaults().order;
  fields.outline.checked = state.get("outline") !== "off";
  lastChange = { control: null, time: 0 };
  if (applied !== arrangement()) apply();
  draw();
  const position = positionOf(state.get("view"));
  if (position >= 0) openView(position);
  else if (view.open) view.close();
}

function change(control) {
  writeControls(control);
  if (applied !== arrangement()) {
    apply();
    scrollToStart();
  }
  draw();
}

/** A picture's name in the address, sample/net/size/method, and back: -1 if it is not shown. */
function nameOf(position) {
  const { card, method } = at(position);
  const { sample, net, size } = parts(card);
  return [samples.id[sample], net, size, methods[method]?.name ?? "input"].join("/");
}

function positionOf(name) {
  const [id, net, size, last, ...rest] = (name ?? "").split("/");
  const [sample, ofNet, ofSize] = [samples.id.indexOf(id), nets.indexOf(net), sizes.indexOf(size)];
  const method = methods.findIndex((known) => known.name === last);
  if (rest.length || sample < 0 || ofNet < 0 || ofSize < 0) return -1;
  if (method < 0 && last !== "input") return -1;
  const cell = cells.findIndex((known) => known[0] === ofNet && known[1] === ofSize);
  const place = cell < 0 ? -1 : visible.indexOf(sample * cells.length + cell);
  return place < 0 ? -1 : place * PICTURES + method + 1;
}

// Numbers of a picture

function showNumbers(button) {
  if (button === reading) return;
  hideNumbers();
  reading = button;
  const where = at(Number(button.dataset.position));
  readout.querySelector("h2").replaceChildren(...heading(where));
  readout.querySelector("dl").replaceChildren(...pairs(numbers(where)));
  readout.hidden = false;
  readout.scrollTop = 0;
  button.classList.add("read");
  button.setAttribute("aria-describedby", "numbers");
}

function hideNumbers() {
  reading?.classList.remove("read");
  reading?.removeAttribute("aria-describedby");
  reading = null;
  readout.hidden = true;
}

/** Scrolls a picture between the controls, where they are sticky, and its numbers. */
function reveal(button) {
  const { style } = document.documentElement;
  const isSticky = getComputedStyle(form).position === "sticky";
  style.scrollPaddingTop = `${(isSticky ? form.offsetHeight : 0) + 6}px`;
  style.scrollPaddingBottom = `${readout.offsetHeight + 6}px`;
  button.querySelector(".frame").scrollIntoView({ block: "nearest" });
}

function showMore(all) {
  readout.classList.toggle("all", all);
  const button = readout.querySelector("[name=more]");
  button.setAttribute("aria-expanded", all);
  button.textContent = all ? "Fewer" : "More";
}

// The large view. It is one step in the browser's history, shared by all pictures in it: Back
// closes it.

function enlarge(position) {
  const state = ofControls();
  state.set("view", nameOf(position));
  if (view.open) replaceAddress(state);
  else pushAddress(state, true);
  openView(position);
}

function openView(position) {
  viewed = position;
  fillView();
  if (!view.open) view.showModal();
}

function fillView() {
  const where = at(viewed);
  const picture = frame(where);
  if (isThere(where)) {
    picture.querySelector("img").alt = where.method < 0 ? "The input" : "The map, over the input";
  }
  view.querySelector("h2").replaceChildren(...heading(where));
  view.querySelector("dl").replaceChildren(...pairs(numbers(where)));
  view.querySelector(".stage").replaceChildren(picture);
  view.querySelector(".scale").hidden = where.method < 0 || !isThere(where);
  view.style.setProperty("--ratio", inputs.ratio[parts(where.card).input]);
  view.querySelector("[name=switch]").ariaPressed = fields.map.value === "scored";
}

/** Removes the picture from the address, if it is still there. */
function leaveView() {
  if (ofAddress().has("view")) {
    // A followed address has no step before it to go back to.
    if (history.state?.opened) history.back();
    else replaceAddress(ofControls());
  }
  if (isPosition(viewed)) focusPicture(viewed);
}

/** The position after a key; NaN for other keys. */
function steppedBy(key, position) {
  const start = position - (position % PICTURES);
  if (key === "Home") return start;
  if (key === "End") return start + PICTURES - 1;
  return position + STEPS[key];
}

function isPosition(position) {
  return position >= 0 && position < visible.length * PICTURES;
}

function focusPicture(position) {
  const place = Math.floor(position / PICTURES);
  const batch = gallery.children[Math.floor(place / BATCH)];
  fill(batch);
  batch.querySelector(`[data-position="${position}"]`).focus();
}

// Events

const pictureOf = (event) => event.target.closest(".picture");

function listenToControls() {
  form.addEventListener("change", ({ target }) => {
    if (target === fields.sort) fields.order.value = NATURAL[fields.sort.value];
    change(target);
  });
  fields.order.addEventListener("click", () => {
    fields.order.value = fields.order.value === "ascending" ? "descending" : "ascending";
    change(fields.order);
  });
  form.addEventListener("focusin", hideNumbers);
  const toggle = document.getElementById("toggle");
  toggle.addEventListener("click", () => {
    toggle.setAttribute("aria-expanded", form.classList.toggle("open"));
  });
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault(); // the address is that of the filters
    if (visible.length) focusPicture(0);
    else gallery.focus();
  });
}

/** A mouse reads by pointing and enlarges by a click; a finger reads first, then enlarges. */
function listenToPictures() {
  let finger = false;
  let wasRead = null;
  gallery.addEventListener("pointerover", (event) => {
    if (event.pointerType === "mouse" && pictureOf(event)) showNumbers(pictureOf(event));
  });
  gallery.addEventListener("pointerleave", ({ pointerType, relatedTarget }) => {
    if (pointerType === "mouse" && !readout.contains(relatedTarget)) hideNumbers();
  });
  gallery.addEventListener("pointerdown", ({ pointerType }) => {
    finger = pointerType === "touch";
    wasRead = reading;
  });
  gallery.addEventListener("focusin", (event) => {
    const button = pictureOf(event);
    if (!button) return;
    showNumbers(button);
    // A picture that moves while it is pressed misses its click.
    if (button.matches(":focus-visible")) reveal(button);
  });
  gallery.addEventListener("click", (event) => {
    const button = pictureOf(event);
    if (!button) return;
    const keyboard = event.detail === 0;
    if (finger && !keyboard && button !== wasRead) {
      showNumbers(button);
      reveal(button);
    } else enlarge(Number(button.dataset.position));
  });
  gallery.addEventListener("keydown", (event) => {
    const next = steppedBy(event.key, Number(pictureOf(event)?.dataset.position));
    if (!isPosition(next) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    focusPicture(next);
  });
}

function listenToReadout() {
  readout.querySelector("[name=close]").addEventListener("click", hideNumbers);
  readout.querySelector("[name=more]").addEventListener("click", () => {
    showMore(!readout.classList.contains("all"));
  });
  readout.addEventListener("pointerleave", ({ pointerType, relatedTarget }) => {
    if (pointerType === "mouse" && !gallery.contains(relatedTarget)) hideNumbers();
  });
  readout.querySelector("[name=enlarge]").addEventListener("click", () => {
    enlarge(Number(reading.dataset.position));
  });
  document.addEventListener("pointerdown", ({ target }) => {
    if (!target.closest(".picture, #readout, dialog")) hideNumbers();
  });
}

function listenToView() {
  const go = (position) => isPosition(position) && enlarge(position);
  view.querySelector("[name=previous]").addEventListener("click", () => go(viewed - 1));
  view.querySelector("[name=next]").addEventListener("click", () => go(viewed + 1));
  view.querySelector("[name=switch]").addEventListener("click", () => {
    fields.map.value = fields.map.value === "scored" ? "seen" : "scored";
    change(fields.map);
  });
  view.querySelector("[name=close]").addEventListener("click", () => view.close());
  view.addEventListener("click", ({ target }) => target === view && view.close());
  view.addEventListener("close", leaveView);
  view.addEventListener("keydown", (event) => {
    const next = steppedBy(event.key, viewed);
    if (Number.isNaN(next) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    go(next);
  });
}

function listenToPage() {
  document.addEventListener("keydown", ({ key, target, ctrlKey, metaKey, altKey }) => {
    if (key === "Escape") hideNumbers();
    // The shortcut is limited to pictures: elsewhere speech input may type it by mistake.
    if (key !== "m" || !target.closest(".picture, #view") || ctrlKey || metaKey || altKey) return;
    fields.outline.checked = !fields.outline.checked;
    change(fields.outline);
  });
  window.addEventListener("popstate", readAddress);
  window.addEventListener("beforeprint", () => {
    printing = true;
    for (const batch of gallery.children) fill(batch);
    for (const image of gallery.querySelectorAll("img")) image.loading = "eager";
  });
  window.addEventListener("afterprint", () => {
    printing = false;
    for (const batch of gallery.children) {
      observer.unobserve(batch);
      observer.observe(batch); // empties those far from the window
    }
  });
  const miss = ({ target }) => target.parentElement.classList.add("missing");
  document.addEventListener("error", miss, true); // a picture's error does not bubble
  let width = window.innerWidth;
  window.addEventListener("resize", () => {
    if (width !== window.innerWidth) estimate();
    width = window.innerWidth;
  });
}

// The page

function offer(name, values, label = String) {
  for (const value of values) fields[name].add(new Option(label(value), value));
}

function summarise() {
  const count = samples.id.length;
  const some = `${count} of the study's ${counted(data.total, "sample")} (${choices()})`;
  const counts = [
    count === data.total ? `All ${counted(count, "sample")} of the study` : some,
    counted(nets.length, "net"),
    counted(sizes.length, "size"),
    counted(methods.length, "method"),
  ];
  document.getElementById("summary").textContent =
    `${counts.join(", ")}: which pixels the score of a class depends on. ` +
    `A row is one sample, seen by one net at one size. ${data.regions}`.trimEnd();
  const equal = document.getElementById("equal");
  equal.textContent = data.equal.join(" ");
  equal.hidden = !data.equal.length;
}

function choices() {
  const reasons = Object.keys(CHOICES).filter((reason) => samples.chosen.includes(reason));
  return reasons.map((reason) => CHOICES[reason]).join(", and ");
}

/** A bar of the colours of heat: level 0 is transparent, as in the pictures. */
function drawScale(scale) {
  const [bar, most] = [document.createElement("span"), document.createElement("span")];
  bar.className = "bar";
  most.className = "most";
  scale.style.setProperty("--heat", data.heat.join(", "));
  scale.replaceChildren("0 ", bar, " ", most);
}

offer("class", data.classes);
offer("net", nets, netName);
offer("size", sizes, sizeName);
fields.sort.add(new Option(PREDICTION_NAMES[PREDICTION], PREDICTION));
for (const { name, label } of methods) fields.method.add(new Option(label, name));
document.documentElement.style.setProperty("--outline", data.outline);
gallery.style.setProperty("--pictures", PICTURES);
document.querySelectorAll(".scale").forEach(drawScale);
summarise();
listenToControls();
listenToPictures();
listenToReadout();
listenToView();
listenToPage();
readAddress();
