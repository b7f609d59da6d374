/** All words of the page, so that they are read, corrected and translated in one place. */

const count = new Intl.NumberFormat("en");

/**
 * @param {number} n
 * @param {string} one
 * @param {string} many
 */
const number = (n, one, many) => `${count.format(n)} ${n === 1 ? one : many}`;

/** Rarer than one in so many is not said: it would be more precise than it is known. */
const MOST = 1_000_000;

export const words = {
  title: "anysense",
  close: "Close",
  skip: "Skip to the hits",
  ask: {
    label: "Search by words",
    placeholder: "Describe a picture, a sound, a passage…",
    further: "and…",
    clear: "Clear all",
    region: "Search",
    chips: "Asked by, too",
    keep: "Keep these words and add others",
    pick: "Search by a picture or sound",
    record: "Search by a sound from the microphone",
    stop: "Stop, and search by it",
    recording: (/** @type {string} */ length) => `Listening… ${length}`,
    noRecording: "Nothing could be recorded: there is no microphone, or this page may not use it.",
    sending: "Being sent…",
    item: "an item",
    upload: { image: "a picture", audio: "a sound", text: "a text" },
    weight: (/** @type {string} */ name) => `Weight of ${name}`,
    weightText: (/** @type {number} */ weight) =>
      weight < 0 ? `less like this, by ${-weight}` : `weight ${weight}`,
    less: "Less like this",
    lessName: (/** @type {string} */ name) => `Less like ${name}`,
    drop: "Leave it out",
    dropName: (/** @type {string} */ name) => `Leave out ${name}`,
    dropped: { search: "Search by it", add: "Add to the collection" },
  },
  detail: {
    close: "Close",
    before: "The hit before",
    after: "The hit after",
    position: (/** @type {number} */ n, /** @type {number} */ of) =>
      `${count.format(n)} of ${count.format(of)}`,
    open: "Open the file",
    copy: "Copy the path",
    copied: "The path was copied.",
    why: "Why was it found?",
    score: (/** @type {string} */ score, /** @type {string} */ rarity) =>
      `Score ${score}: ${rarity}.`,
    parts: "What of it matched",
    part: {
      image: "a picture of it",
      audio: "a part of it",
      text: "a passage",
      whole: "the whole",
    },
    metadata: "About it",
    filter: (/** @type {string} */ text) => `Show those with ${text}`,
    id: "Id",
    source: "Path",
    aliases: "The same file elsewhere",
    added: "Added",
    neighbours: "Like this",
    like: { image: "Pictures like this", audio: "Sounds like this", text: "Texts like this" },
    earlier: "What comes before",
    later: "What comes after",
    noPicture: "There is no picture to show.",
  },
  narrow: {
    label: "Narrow down",
    button: "Filters",
    heading: "Filters",
    clear: "Clear the filters",
    collection: "Collection",
    modality: "What is found",
    kind: "Kind",
    score: "How well it must fit",
    any: "Everything, the best first",
    field: (/** @type {string} */ name, /** @type {number} */ n) =>
      `${name}, ${number(n, "item", "items")}`,
    least: (/** @type {string} */ name) => `${name}, at least`,
    greatest: (/** @type {string} */ name) => `${name}, at most`,
    from: "from",
    to: "to",
    yes: "yes",
    no: "no",
    more: (/** @type {number} */ n) => `${number(n, "value", "values")} more`,
    match: "Texts are found by",
    matches: { both: "meaning and words", vector: "meaning", words: "words" },
    fusion: "Kinds are merged",
    fusions: { calibrated: "by score", rrf: "by rank", round_robin: "in turns" },
    remove: (/** @type {string} */ condition) => `Remove the filter ${condition}`,
    minScore: (/** @type {number} */ score) => `score ≥ ${score}`,
  },
  unnamed: "Untitled",
  page: (/** @type {number} */ n) => `page ${count.format(n)}`,
  odds: (/** @type {number} */ one, /** @type {boolean} */ isExtrapolated) => {
    if (one <= 1) return "as good as most unrelated items";
    const rest = isExtrapolated ? " (extrapolated)" : "";
    return one > MOST
      ? `fewer than one in ${count.format(MOST)} unrelated items score so high${rest}`
      : `one in ${count.format(one)} unrelated items scores so high${rest}`;
  },
  route: {
    native: "directly",
    bridged: "bridged",
    words: "by its words",
  },
  origin: (/** @type {string} */ name) =>
    ({ caption: "its caption", ocr: "words in the picture", transcript: "what is said" })[name] ??
    name,
  like: "More like this",
  likeName: (/** @type {string} */ name) => `More like ${name}`,
  sound: {
    play: (/** @type {string} */ name) => `Play ${name}`,
    pause: (/** @type {string} */ name) => `Pause ${name}`,
    failed: "This browser cannot play that sound.",
    noCurve: "Loudness over time",
    curve: (/** @type {string} */ length) => `Loudness over time, ${length} long`,
    match: (/** @type {string} */ span) => `the match is at ${span}`,
    position: "Position",
  },
  facts: "Details",
  hits: {
    heading: "Hits",
    all: (/** @type {number | null} */ n) =>
      n === null
        ? "Everything that fits, the newest first"
        : `${number(n, "item", "items")}, the newest first`,
    count: (/** @type {number} */ n, /** @type {boolean} */ isAll) =>
      isAll ? number(n, "hit", "hits") : `${count.format(n)} hits and more`,
    items: (/** @type {number} */ n) => number(n, "item", "items"),
    took: (/** @type {number} */ ms) => `${Math.round(ms)} ms`,
    none: "Nothing fits.",
    empty: "Nothing is here yet. Drop files on the page to add them.",
    noMatch: "Nothing stands out: chance alone could have put these first.",
    loading: "Searching…",
    more: "More is on its way…",
    end: (/** @type {number} */ n) =>
      `These are the first ${count.format(n)}. Ask more narrowly to see others.`,
    label: (/** @type {string} */ kind, /** @type {string} */ name, /** @type {string} */ place) =>
      [kind, name, place].filter((part) => part !== "").join(", "),
  },
  modality: {
    image: "Pictures",
    audio: "Sounds",
    text: "Texts",
  },
  kind: {
    image: "Picture",
    audio: "Sound",
    text: "Text",
    document: "Document",
    video: "Video",
  },
  tools: {
    label: "Tools",
    more: "More",
  },
  map: {
    label: "Map of the collection",
    keys: "Arrows go from item to item, with Shift they move the map. Plus and minus enlarge it, 0 shows all of it. N and P lead to hits, Enter opens an item.",
    heading: "Map",
    legend: "What is shown",
    space: "Space",
    enlarge: "Enlarge",
    reduce: "Make smaller",
    whole: "Show all",
    rank: (/** @type {number} */ n, /** @type {number} */ of) => `hit ${n} of ${of}`,
    loading: "The map is being brought…",
    none: "There is no map yet: it is made when the collection is built or published.",
    about: (
      /** @type {number} */ shown,
      /** @type {number} */ total,
      /** @type {string} */ method,
    ) =>
      shown < total
        ? `${count.format(shown)} of ${number(total, "item", "items")}, laid out by ${method}.`
        : `${number(total, "item", "items")}, laid out by ${method}.`,
    method: (/** @type {string} */ name) =>
      ({ "t-sne": "t-SNE", pca: "PCA", umap: "UMAP", pacmap: "PaCMAP" })[name] ?? name,
    meaning: "Items that are alike are near each other. What a search finds is lit up.",
    lit: (/** @type {number} */ n) => number(n, "hit on the map", "hits on the map"),
    near: (/** @type {string} */ name) => `Near ${name}`,
    list: "The same as a list",
    nothingLit: "Nothing is lit up: search for something, or look at an item on the map.",
  },
  why: {
    ask: "Why?",
    name: (/** @type {string} */ name) => `Why was ${name} found?`,
    heading: "Why it was found",
    loading: "Being worked out…",
    odds: (
      /** @type {number} */ n,
      /** @type {string} */ what,
      /** @type {boolean} */ isExtrapolated,
    ) => {
      const unrelated = `${what} that have nothing to do with the query`;
      if (n <= 1) return `Most ${unrelated} score as high: chance alone explains it.`;
      const rest = isExtrapolated ? ", by extrapolation" : "";
      return n > MOST
        ? `Fewer than one in ${count.format(MOST)} ${unrelated} score so high${rest}.`
        : `About one in ${count.format(n)} ${unrelated} scores so high${rest}.`;
    },
    unrelated: {
      image: "pictures",
      audio: "sounds",
      text: "passages",
    },
    score: "Score",
    parts: {
      vector: (/** @type {string} */ part) => `${part} by the vectors`,
      copy: (/** @type {string} */ part) => `${part} for being all but the same`,
      words: (/** @type {string} */ part) => `${part} by the words`,
    },
    cosine: "Cosine",
    noCosine: "none: no vectors were compared",
    bm25: "BM25 of the words",
    route: {
      native: "One model made both vectors.",
      bridged: "No model knows both kinds: a map between two models led here, which is less sure.",
      words: "It was found by its words.",
    },
    space: "Space",
    chance: "What chance gives this query",
    chanceText: (
      /** @type {string} */ score,
      /** @type {number} */ reach,
      /** @type {number} */ of,
    ) =>
      of
        ? `The score is ${score}. Of ${of} unrelated ones that were tried, ${reach} reach it.`
        : `The score is ${score}.`,
    axis: "score: 1 is one in 10, 2 one in 100, 3 one in 1,000",
    here: (/** @type {string} */ score) => `here: ${score}`,
    expected: (/** @type {string} */ mean, /** @type {string} */ deviation) =>
      `unrelated ones have ${mean} ± ${deviation}`,
    terms: "What each part of the query gave",
    term: "Part of the query",
    share: "Share",
    weight: (/** @type {string} */ weight) => `weight ${weight}`,
    words: "Found by the words",
    inName: "Found by the words of its name",
    ocr: "What was compared are words in the picture.",
    caption: "What was compared is a caption.",
    transcript: "What was compared are words that are spoken.",
  },
  add: {
    button: "Add",
    heading: "Add to the collection",
    pick: "Choose files…",
    hint: "Pictures, sounds, texts, PDFs. They are copied into the collection.",
    stage: {
      waiting: "Waiting",
      sending: "Being sent",
      encoding: "Being encoded",
      added: "Added",
      known: "Was there already",
      failed: "Failed",
    },
    standing: (
      /** @type {number} */ ended,
      /** @type {number} */ total,
      /** @type {number} */ failed,
    ) =>
      `${count.format(ended)} of ${number(total, "file", "files")}${failed ? `, ${count.format(failed)} failed` : ""}`,
    waits: (/** @type {number} */ seconds) =>
      `The service is busy; it is tried again in ${number(seconds, "second", "seconds")}.`,
    retry: "Try the failed ones again",
    clear: "Clear the list",
  },
  remove: {
    button: "Remove",
    undo: "Undo",
    done: (/** @type {number} */ n) => `${number(n, "item is", "items are")} removed.`,
    failed: (/** @type {string} */ message) => `Nothing was removed. ${message}`,
  },
  select: {
    one: "Select",
    name: (/** @type {string} */ name) => `Select ${name}`,
    count: (/** @type {number} */ n) => `${count.format(n)} selected`,
    bar: "What is selected",
    all: "Select all",
    none: "Select none",
    save: "Save the list",
    jsonl: "As JSON lines",
    csv: "As a table (CSV)",
    paths: "Paths only",
    copy: "Copy paths",
    saved: (/** @type {number} */ n) => `${number(n, "hit was", "hits were")} saved as a file.`,
    copied: (/** @type {number} */ n) => `${number(n, "path was", "paths were")} copied.`,
    notCopied: (/** @type {string} */ message) => `The paths could not be copied. ${message}`,
  },
  past: {
    button: "History",
    heading: "What you asked",
    note: "It is kept in this browser only.",
    keep: "Keep a history",
    clear: "Clear it",
    none: "Nothing yet.",
    suggestions: "What you asked before",
  },
  watch: {
    build: "The collection is being built",
    reencode: "The collection is being encoded anew",
    publish: "The index is being made",
    job: "Items are being added",
    adding: "Files are being added",
    details: "Details",
    of: (/** @type {number} */ done, /** @type {number | null} */ total) =>
      total === null ? count.format(done) : `${count.format(done)} of ${count.format(total)}`,
    left: (/** @type {number} */ seconds) =>
      seconds < 90
        ? `${number(Math.ceil(seconds), "second", "seconds")} left`
        : `${number(Math.round(seconds / 60), "minute", "minutes")} left`,
    failed: (/** @type {number} */ n) => `${count.format(n)} failed`,
    fresh: (/** @type {number} */ n) => `${count.format(n)} new: show`,
  },
  key: {
    heading: "A key is needed",
    text: "This service is open to those who have a key. Whoever runs it gives you one.",
    label: "Key",
    enter: "Enter",
    wrong: "The service does not know this key.",
    kept: "It is kept until this tab is closed.",
    forget: "Forget the key",
  },
  theme: {
    label: "Colours",
    system: "As the system",
    light: "Light",
    dark: "Dark",
  },
  keys: {
    button: "Keys",
    heading: "Keys",
    everywhere: "Keys that work everywhere",
    list: [
      {
        title: "Everywhere",
        keys: [
          ["/", "To the box"],
          ["?", "This list"],
          ["v", "Map or list"],
          ["u", "Undo a removal"],
          ["Esc", "Close what is open"],
        ],
      },
      {
        title: "In the list",
        keys: [
          ["← ↑ → ↓", "From hit to hit"],
          ["Enter", "Open"],
          ["m", "More like this"],
          ["p", "Play, pause"],
          ["x", "Select, with Shift all between"],
          ["w", "Why it was found"],
          ["Delete", "Remove"],
        ],
      },
      {
        title: "On the map",
        keys: [
          ["← ↑ → ↓", "From item to item"],
          ["Shift + arrows", "Move the map"],
          ["+ −", "Enlarge, make smaller"],
          ["0", "Show all"],
          ["n p", "Next hit, hit before"],
          ["Enter", "Open"],
        ],
      },
    ],
  },
  failed: {
    unreachable: "The service does not answer. Is it still running?",
    unknown: (/** @type {number} */ status) => `The service refused (${status}).`,
    again: "Try again",
  },
};
