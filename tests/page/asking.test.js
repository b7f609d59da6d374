import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { askingActions } from "../../server/web/state/asking/asking.js";
import { EMPTY, fromUrl } from "../../server/web/state/query.js";
import { createStore, INITIAL } from "../../server/web/state/store.js";
import { deferred, fakeService, settled } from "./fake-service.js";

const answer = (ids, next = null) => ({
  hits: ids.map((id) => ({ id, kind: "image" })),
  state: "s",
  next_cursor: next,
  no_match: false,
  took_ms: 1,
});
const text = (words) => ({ terms: [{ text: words, weight: 1 }] });

function page(api, url = "") {
  const store = createStore({ ...INITIAL, query: fromUrl(url) });
  const service = fakeService({ api });
  const forgotten = [];
  const actions = askingActions(store, service, {
    measure: () => Promise.resolve(),
    forgetPeeks: () => forgotten.push(true),
    remember: () => undefined,
  });
  const ids = () => store.get().results.hits.map((hit) => hit.id);
  return { store, service, actions, ids, forgotten };
}

test("typing asks once, when one pauses, and the address follows each letter", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const asked = [];
  const { service, actions, ids } = page({
    search: (_, body) => {
      asked.push(body.terms[0].text);
      return Promise.resolve(answer(["a"]));
    },
  });
  actions.ask(text("w"), { isTyping: true });
  actions.ask(text("wa"), { isTyping: true });
  mock.timers.tick(149);
  assert.deepEqual(asked, []);
  mock.timers.tick(1);
  mock.timers.reset();
  await settled();
  assert.deepEqual(asked, ["wa"]);
  assert.deepEqual(ids(), ["a"]);
  assert.deepEqual(
    service.written.map(({ options }) => options.isPassing),
    [true, true],
  );
});

test("an answer that comes after another question is not shown", async () => {
  const [first, second] = [deferred(), deferred()];
  const signals = [];
  const { actions, ids } = page({
    search: (_, body, signal) => {
      signals.push(signal);
      return body.terms[0].text === "one" ? first.promise : second.promise;
    },
  });
  actions.ask(text("one"));
  actions.ask(text("two"));
  assert.deepEqual(
    signals.map((signal) => signal.aborted),
    [true, false],
  );
  second.resolve(answer(["b"]));
  await settled();
  first.resolve(answer(["a"]));
  await settled();
  assert.deepEqual(ids(), ["b"]);
});

test("further pages go on from the cursor, one at a time, to the end", async () => {
  const cursors = [];
  const { store, actions, ids } = page({
    search: (_, { cursor = "none" }) => {
      cursors.push(cursor);
      return Promise.resolve(cursor === "none" ? answer(["a"], "next") : answer(["b"]));
    },
  });
  actions.ask(text("one"));
  await settled();
  void actions.more();
  void actions.more();
  await settled();
  void actions.more();
  await settled();
  assert.deepEqual(cursors, ["none", "next"]);
  assert.deepEqual(ids(), ["a", "b"]);
  assert.equal(store.get().results.isGrowing, false);
});

test("a page that cannot be had leaves what is there, and says why", async () => {
  const { store, actions, ids } = page({
    search: (_, { cursor }) =>
      cursor
        ? Promise.reject(Object.assign(new Error("Gone."), { code: "state_gone", status: 410 }))
        : Promise.resolve(answer(["a"], "next")),
  });
  actions.ask(text("one"));
  await settled();
  await actions.more();
  assert.deepEqual(ids(), ["a"]);
  assert.deepEqual(store.get().results.error, {
    message: "Gone.",
    code: "state_gone",
    status: 410,
  });
  assert.equal(store.get().results.nextCursor, null);
});

test("going back shows what was there at once, where one was", async () => {
  let searches = 0;
  const { service, actions, ids } = page({
    search: (_, body) => {
      searches++;
      return Promise.resolve(answer([body.terms[0].text]));
    },
  });
  actions.ask(text("one"));
  await settled();
  actions.ask(text("two"));
  await settled();
  actions.follow({ ...EMPTY, ...text("one") });
  assert.deepEqual(ids(), ["one"]);
  assert.equal(searches, 2);
  assert.deepEqual(service.scrolled.at(-1), 77);
  actions.askAgain();
  await settled();
  assert.equal(searches, 3);
});

test("with nothing asked all items are shown, the newest first, within the filters", async () => {
  const asked = [];
  const { actions, ids } = page(
    {
      items: (collection, params) => {
        asked.push([collection, params.order, params.where]);
        const isFirst = params.cursor === null;
        return Promise.resolve({
          items: [{ id: isFirst ? "new" : "old" }],
          next_cursor: isFirst ? "next" : null,
        });
      },
    },
    "?c=photos&in=image",
  );
  actions.follow(fromUrl("?c=photos&in=image"));
  await settled();
  await actions.more();
  const list = ["photos", "-added", "modality in ('image')"];
  assert.deepEqual(asked, [list, list]);
  assert.deepEqual(ids(), ["new", "old"]);
});

test("looking at an item, or at the map, asks nothing anew", async () => {
  let searches = 0;
  const { actions } = page({
    search: () => {
      searches++;
      return Promise.resolve(answer(["a"]));
    },
  });
  actions.ask(text("one"));
  await settled();
  actions.ask({ item: "a" });
  actions.ask({ view: "map" });
  actions.follow({ ...EMPTY, ...text("one") });
  await settled();
  assert.equal(searches, 1);
});

test("another collection forgets the cards of the one before", async () => {
  const { actions, forgotten } = page({
    items: () => Promise.resolve({ items: [], next_cursor: null }),
  });
  actions.ask({ collection: "notes" });
  actions.ask({ modalities: ["text"] });
  await settled();
  assert.equal(forgotten.length, 1);
});

test("a failure is kept for the page to say", async () => {
  const { store, actions } = page({
    search: () => Promise.reject(Object.assign(new Error("Busy."), { code: "busy", status: 429 })),
  });
  actions.ask(text("one"));
  await settled();
  assert.equal(store.get().results.status, "failed");
  assert.equal(store.get().results.error.message, "Busy.");
});
