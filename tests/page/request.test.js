import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { request, retryAfterOf } from "../../server/web/service/request.js";

const settled = () => new Promise((resolve) => setImmediate(resolve));
const busy = (seconds, status = 429) =>
  new Response(JSON.stringify({ error: { message: "Busy.", code: "busy" } }), {
    status,
    headers: seconds === null ? {} : { "Retry-After": String(seconds) },
  });
const fine = () => new Response("{}");

/** What is answered to one request after the other; the last to all further ones. */
function answering(...answers) {
  const asked = [];
  mock.method(globalThis, "fetch", (path, options) => {
    asked.push([path, options]);
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    return Promise.resolve().then(answer);
  });
  return asked;
}

beforeEach(() => {
  globalThis.sessionStorage = { getItem: () => "secret" };
  mock.timers.enable({ apis: ["setTimeout"] });
});
afterEach(() => mock.reset());

test("the key goes with each request, and no cookie", async () => {
  const asked = answering(fine);
  await request("v1/items");
  const [[path, { headers, credentials }]] = asked;
  assert.deepEqual(
    [path, headers.Authorization, credentials],
    ["v1/items", "Bearer secret", "omit"],
  );
});

test("a busy service is asked again when it says", async () => {
  const asked = answering(() => busy(3), fine);
  const answer = request("v1/search", { json: {} });
  await settled();
  mock.timers.tick(2999);
  await settled();
  assert.equal(asked.length, 1);
  mock.timers.tick(1);
  assert.equal((await answer).status, 200);
  assert.equal(asked.length, 2);
});

test("what says nothing of later, or too late, is told at once", async () => {
  for (const answer of [() => busy(null), () => busy(600), () => busy(3, 422)]) {
    const asked = answering(answer);
    await assert.rejects(request("v1/search"), { message: "Busy.", code: "busy" });
    assert.equal(asked.length, 1);
  }
});

test("who waits can be called off", async () => {
  const asked = answering(() => busy(30));
  const leaving = new AbortController();
  const answer = request("v1/search", { signal: leaving.signal });
  await settled();
  leaving.abort();
  await assert.rejects(answer, { name: "AbortError" });
  assert.equal(asked.length, 1);
});

test("a request that outlives the page does not wait", async () => {
  const asked = answering(() => busy(1));
  await assert.rejects(request("v1/items/batch/delete", { json: {}, keepalive: true }));
  assert.equal(asked.length, 1);
});

test("nobody answers", async () => {
  answering(() => Promise.reject(new TypeError("Failed to fetch")));
  await assert.rejects(request("v1/items"), { status: 0, code: "unreachable" });
});

test("seconds alone are understood", () => {
  assert.equal(retryAfterOf(429, "7"), 7);
  assert.equal(retryAfterOf(503, "0"), 0);
  assert.equal(retryAfterOf(503, "Wed, 21 Oct 2026 07:28:00 GMT"), null);
  assert.equal(retryAfterOf(500, "7"), null);
  assert.equal(retryAfterOf(429, null), null);
});
