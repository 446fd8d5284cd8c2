// The gallery. A card is one (sample, net, size): the input, then a map of each method. Cards are
// numbered samples x nets x sizes, and maps cards x methods; the data holds their numbers in that
// order, null where undefined. A position is a picture's place among those that are shown.

const data = JSON.parse(document.getElementById("data").textContent);
const { methods, nets, sizes, samples, cards, maps } = data;

const PICTURES = 1 + methods.length;
const BATCH = 12; // cards that come and go together
const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -PICTURES, ArrowDown: PICTURES };
const NATURAL = {
  sample: "ascending",
  concentration: "descending",
  lift: "descending",
  target_rank: "ascending",
};
const MEASURES = {
  concentration: "Concentration P",
  lift: "Lift",
  relevance_mass_accuracy: "Relevance mass accuracy",
  relevance_rank_accuracy: "Relevance rank accuracy",
  pointing_game: "Pointing game",
  energy_pointing_game: "Energy pointing game",
};
const FACTS = {
  mask_fraction: "Mask fraction",
  box_fraction: "Box fraction",
  target: "Target index",
  target_rank: "Target rank",
  target_probability: "Probability",
};

const form = document.getElementById("controls");
const gallery = document.getElementById("gallery");
const readout = document.getElementById("readout");
const view = document.getElementById("view");
const fields = form.elements;

let shown = []; // the cards, in the order that is shown
let reading = null; // the picture whose numbers are shown
let viewed = 0; // the position in the large view

// Words and numbers

function number(name, value) {
  if (value === null) return "undefined";
  if (Number.isInteger(value)) return String(value);
  return value < 0.001 ? value.toExponential(1) : value.toFixed(name === "lift" ? 2 : 3);
}

const sizeName = (size) => (size === "original" ? "original size" : `${size} × ${size}`);

const netName = (net) => (data.untrained.includes(net) ? `${net} (untrained)` : net);

const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

function parts(card) {
  const place = Math.floor(card / sizes.length);
  const sample = Math.floor(place / nets.length);
  const [net, size] = [nets[place % nets.length], sizes[card % sizes.length]];
  return { sample, net, size, className: data.classes[samples.class[sample]] };
}

function ratio({ sample, size }) {
  return size === "original" ? samples.width[sample] / samples.height[sample] : 1;
}

/** The card at a position, and the method (an index) of its map: -1 is the input. */
function at(position) {
  const card = shown[Math.floor(position / PICTURES)];
  const method = (position % PICTURES) - 1;
  return { card, method, map: card * methods.length + method };
}

function address({ card, method }) {
  const { sample, net, size } = parts(card);
  const folders = method < 0 ? ["inputs", size] : ["maps", net, methods[method].name, size];
  const path = ["pictures", ...folders, `${samples.id[sample]}.webp`];
  return path.map(encodeURIComponent).join("/");
}

function alternative({ card, method }) {
  const { net, size, className } = parts(card);
  const what = method < 0 ? "Input" : `Map by ${methods[method].label}`;
  return `${what}: ${className}, ${netName(net)}, ${sizeName(size)}`;
}

function heading({ card, method }) {
  const { net, size, className } = parts(card);
  const title = document.createElement("span");
  title.textContent = method < 0 ? "Input" : methods[method].label;
  if (method >= 0) paint(title, method).classList.add("chip");
  const where = document.createElement("span");
  where.className = "soft";
  where.textContent = `${className}, ${netName(net)}, ${sizeName(size)}`;
  return [title, " ", where];
}

function numbers({ card, method, map }) {
  const rows = (names, table, index) =>
    Object.entries(names).map(([key, name]) => [name, number(key, table[key][index])]);
  const facts = rows(FACTS, cards, card);
  if (method < 0) return [["Sample", samples.id[parts(card).sample]], ...facts];
  const controls = rows(data.control_labels, data.controls, card);
  const status = ["Status", data.statuses[maps.status[map]]];
  return [...rows(MEASURES, maps, map), status, ...facts, ...controls];
}

function pairs(rows) {
  return rows.map(([name, value]) => {
    const pair = document.createElement("div");
    pair.append(document.createElement("dt"), document.createElement("dd"));
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

function frame(where) {
  const made = copy("frame");
  const place = parts(where.card);
  made.querySelector("path").setAttribute("d", samples.outline[place.sample]);
  made.querySelector("img").alt = alternative(where);
  made.querySelector("img").src = address(where);
  return made;
}

function picture(position) {
  const where = at(position);
  const made = copy("picture");
  made.dataset.position = position;
  made.prepend(frame(where));
  const caption = where.method < 0 ? inputCaption(made, where) : mapCaption(made, where);
  made.querySelector(".value").textContent = caption.value;
  made.querySelector(".name").textContent = caption.name;
  return made;
}

function inputCaption(made, { card }) {
  made.querySelector(".share").style.visibility = "hidden";
  return { value: "Input", name: `chance ${number("mask_fraction", cards.mask_fraction[card])}` };
}

function mapCaption(made, { card, method, map }) {
  const concentration = maps.concentration[map];
  paint(made, method).classList.add("map");
  made.classList.toggle("sorts", method === sortingMethod());
  made.classList.toggle("undefined", concentration === null);
  made.style.setProperty("--share", concentration ?? 0);
  made.style.setProperty("--chance", cards.mask_fraction[card]);
  const name = methods[method].label;
  if (concentration !== null) return { value: `P = ${concentration.toFixed(2)}`, name };
  return { value: `P undefined: ${data.statuses[maps.status[map]]}`, name };
}

function row(place) {
  const card = shown[place];
  const { sample, net, size, className } = parts(card);
  const texts = {
    class: className,
    net: netName(net),
    size: sizeName(size),
    target: targetText(card),
    sample: samples.id[sample],
  };
  const made = copy("card");
  for (const [name, text] of Object.entries(texts)) {
    made.querySelector(`.${name}`).textContent = text;
  }
  made.style.setProperty("--ratio", ratio(parts(card)));
  const positions = Array.from({ length: PICTURES }, (_, i) => place * PICTURES + i);
  made.querySelector(".row").append(...positions.map(picture));
  return made;
}

function targetText(card) {
  const rank = cards.target_rank[card];
  const probability = number("target_probability", cards.target_probability[card]);
  return `target rank ${rank ?? "undefined"}, probability ${probability}`;
}

// Batches: all have their place on the page, those near the window have their cards

const observer = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) (isIntersecting ? fill : empty)(target);
  },
  { rootMargin: "800px 0px" },
);

function fill(batch) {
  if (batch.hasChildNodes()) return;
  const first = Number(batch.dataset.first);
  const length = Math.min(BATCH, shown.length - first);
  batch.append(...Array.from({ length }, (_, i) => row(first + i)));
  batch.style.height = "";
}

function empty(batch) {
  if (!batch.hasChildNodes() || batch.contains(document.activeElement)) return;
  batch.style.height = `${batch.offsetHeight}px`; // so that nothing moves
  batch.replaceChildren();
}

function lay() {
  observer.disconnect();
  const batches = Array.from({ length: Math.ceil(shown.length / BATCH) }, (_, i) => {
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

/** Batches that were never seen, or not at this width, are as high as the first one. */
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
  const wanted = [fields.class.value, fields.net.value, fields.size.value];
  return [className, net, size].every((value, i) => wanted[i] === "" || wanted[i] === value);
}

function sortKey() {
  const [sort, method] = [fields.sort.value, sortingMethod()];
  if (sort === "sample") return (card) => card;
  if (sort === "target_rank") return (card) => cards.target_rank[card];
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
  const total = samples.id.length * nets.length * sizes.length;
  const all = Array.from({ length: total }, (_, card) => card);
  shown = all.filter(matches).sort(comparison());
  const ascending = fields.order.value === "ascending";
  fields.order.ariaLabel = `Order: ${fields.order.value}`;
  fields.order.textContent = ascending ? "↑ ascending" : "↓ descending";
  fields.method.disabled = sortingMethod() < 0;
  document.body.classList.toggle("plain", !fields.outline.checked);
  document.getElementById("count").textContent = `${shown.length} of ${total}`;
  hideNumbers();
  lay();
}

function scrollToStart() {
  const start = gallery.offsetTop - form.offsetHeight;
  if (window.scrollY > start) window.scrollTo(0, start);
}

// The address tells the state of the controls, as far as it is not the default

const defaults = () => ({
  class: "",
  net: "",
  size: "",
  sort: "sample",
  method: methods.at(-1).name,
  order: NATURAL[fields.sort.value],
});

function writeAddress() {
  const said = new URLSearchParams();
  for (const [name, value] of Object.entries(defaults())) {
    if (fields[name].value !== value) said.set(name, fields[name].value);
  }
  if (!fields.outline.checked) said.set("outline", "off");
  history.replaceState(null, "", `#${said}`);
}

function readAddress() {
  const said = new URLSearchParams(location.hash.slice(1));
  for (const name of ["class", "net", "size", "sort", "method"]) {
    const options = Array.from(fields[name].options, ({ value }) => value);
    fields[name].value = options.includes(said.get(name)) ? said.get(name) : defaults()[name];
  }
  const order = said.get("order");
  fields.order.value = Object.values(NATURAL).includes(order) ? order : defaults().order;
  fields.outline.checked = said.get("outline") !== "off";
  apply();
}

function change() {
  writeAddress();
  apply();
  scrollToStart();
}

function toggleOutline() {
  fields.outline.checked = !fields.outline.checked;
  showOutline();
}

function showOutline() {
  document.body.classList.toggle("plain", !fields.outline.checked);
  writeAddress();
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
  button.classList.add("read");
  button.setAttribute("aria-describedby", "readout");
}

function hideNumbers() {
  reading?.classList.remove("read");
  reading?.removeAttribute("aria-describedby");
  reading = null;
  readout.hidden = true;
}

// The large view

function enlarge(position) {
  viewed = position;
  const where = at(position);
  view.querySelector("h2").replaceChildren(...heading(where));
  view.querySelector("dl").replaceChildren(...pairs(numbers(where)));
  view.querySelector(".stage").replaceChildren(frame(where));
  view.style.setProperty("--ratio", ratio(parts(where.card)));
  if (!view.open) view.showModal();
}

function isPosition(position) {
  return position >= 0 && position < shown.length * PICTURES;
}

function focusPicture(position) {
  const place = Math.floor(position / PICTURES);
  const batch = gallery.children[Math.floor(place / BATCH)];
  fill(batch);
  batch.querySelector(`[data-position="${position}"]`).focus();
}

// What people do

const pictureOf = (event) => event.target.closest(".picture");

function listenToControls() {
  form.addEventListener("change", ({ target }) => {
    if (target === fields.outline) return showOutline();
    if (target === fields.sort) fields.order.value = NATURAL[fields.sort.value];
    change();
  });
  fields.order.addEventListener("click", () => {
    fields.order.value = fields.order.value === "ascending" ? "descending" : "ascending";
    change();
  });
  form.addEventListener("focusin", hideNumbers);
  const toggle = document.getElementById("toggle");
  toggle.addEventListener("click", () => {
    toggle.setAttribute("aria-expanded", form.classList.toggle("open"));
  });
  window.addEventListener("hashchange", readAddress);
}

/** A mouse reads by pointing and enlarges by a click; a finger reads first, then enlarges. */
function listenToPictures() {
  let finger = false;
  let wasRead = null;
  gallery.addEventListener("pointerover", (event) => {
    if (event.pointerType === "mouse" && pictureOf(event)) showNumbers(pictureOf(event));
  });
  gallery.addEventListener("pointerleave", ({ pointerType }) => {
    if (pointerType === "mouse") hideNumbers();
  });
  gallery.addEventListener("pointerdown", ({ pointerType }) => {
    finger = pointerType === "touch";
    wasRead = reading;
  });
  gallery.addEventListener("focusin", (event) => pictureOf(event) && showNumbers(pictureOf(event)));
  gallery.addEventListener("click", (event) => {
    const button = pictureOf(event);
    if (!button) return;
    const keyboard = event.detail === 0;
    if (finger && !keyboard && button !== wasRead) showNumbers(button);
    else enlarge(Number(button.dataset.position));
  });
  gallery.addEventListener("keydown", (event) => {
    const next = Number(pictureOf(event)?.dataset.position) + STEPS[event.key];
    if (!isPosition(next) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    focusPicture(next);
  });
}

function listenToReadout() {
  readout.querySelector("[name=close]").addEventListener("click", hideNumbers);
  readout.querySelector("[name=enlarge]").addEventListener("click", () => {
    enlarge(Number(reading.dataset.position));
  });
  document.addEventListener("pointerdown", ({ target }) => {
    if (!target.closest(".picture, #readout, dialog")) hideNumbers();
  });
}

function listenToView() {
  const step = (by) => isPosition(viewed + by) && enlarge(viewed + by);
  view.querySelector("[name=previous]").addEventListener("click", () => step(-1));
  view.querySelector("[name=next]").addEventListener("click", () => step(1));
  view.querySelector("[name=close]").addEventListener("click", () => view.close());
  view.addEventListener("click", ({ target }) => target === view && view.close());
  view.addEventListener("close", () => focusPicture(viewed));
  view.addEventListener("keydown", (event) => {
    if (!(event.key in STEPS)) return;
    event.preventDefault();
    step(STEPS[event.key]);
  });
}

function listenToPage() {
  document.addEventListener("keydown", ({ key, target, ctrlKey, metaKey, altKey }) => {
    if (key === "Escape") hideNumbers();
    const typing = target.closest("select"); // there a letter chooses an option
    if (key === "m" && !typing && !ctrlKey && !metaKey && !altKey) toggleOutline();
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
  const counts = [
    counted(samples.id.length, "sample"),
    counted(nets.length, "net"),
    counted(sizes.length, "input size"),
    counted(methods.length, "saliency method"),
  ];
  document.getElementById("summary").textContent =
    `What a net's score for a class rests on: ${counts.join(", ")}. ` +
    "A row is one sample, seen by one net at one size.";
}

offer("class", data.classes);
offer("net", nets, netName);
offer("size", sizes, sizeName);
for (const { name, label } of methods) fields.method.add(new Option(label, name));
document.documentElement.style.setProperty("--outline", data.outline);
gallery.style.setProperty("--pictures", PICTURES);
summarise();
listenToControls();
listenToPictures();
listenToReadout();
listenToView();
listenToPage();
readAddress();
