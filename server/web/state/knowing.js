/** What the page has to know beside hits: the fields of the collection, and the items that a query is like. */

/**
 * @import { Service } from "../service/service.js"
 * @import { Owned } from "./types.js"
 * @import { State, Store } from "./store.js"
 */

/**
 * @param {Store<State>} store
 * @param {Service} service
 */
export function knowingActions(store, { api }) {
  /** @type {string | null | undefined} undefined: of none */
  let fieldsOf;
  /** @type {Set<string>} */
  const asked = new Set();

  /** Brings what the state's query needs and is not known. */
  function know() {
    const { query, known, access } = store.get();
    if ((access?.scopes.length ?? 0) === 0) return;
    if (fieldsOf !== query.collection) {
      asked.clear();
      void learnFields();
    }
    for (const { like } of query.terms) {
      if (like !== undefined && !known.has(like) && !asked.has(like)) void learnItem(like);
    }
  }

  /** Brings the fields of the collection, anew if they are there. */
  async function learnFields() {
    const { collection } = store.get().query;
    fieldsOf = collection;
    // Without them the page works, but for the filters by them.
    const { fields } = await api.fields(collection).catch(() => ({ fields: [] }));
    if (fieldsOf === collection) store.set({ fields });
  }

  /** @param {string} id */
  async function learnItem(id) {
    asked.add(id);
    const item = await api.itemFacts(store.get().query.collection, id).catch(() => null);
    if (item !== null) remember(item);
  }

  /** @param {Owned} item that the query is going to be like */
  function remember(item) {
    store.set({ known: new Map(store.get().known).set(item.id, item) });
  }

  return { know, learnFields, remember };
}
