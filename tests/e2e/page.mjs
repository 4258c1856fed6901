// Drives the page in a real Chromium, as a person with a phone and a keyboard would. Called as
//   node page.mjs URL TOKEN REPOSITORY MODEL QUICK-MODEL SCREENSHOTS
// where MODEL is slow enough to be cut off. Ends with 0 where everything was seen.
import assert from "node:assert/strict";
import net from "node:net";
import path from "node:path";
import { chromium } from "playwright-core";

const [url, token, repository, model, quickModel, screenshots] = process.argv.slice(2);
const patienceMs = 45_000;
const phone = { width: 375, height: 812 };
const desk = { width: 1280, height: 900 };

/** A way to the server that can be cut. */
function makeWire(to) {
  const sockets = new Set();
  const server = net.createServer((near) => {
    const far = net.connect(Number(to.port), to.hostname);
    for (const each of [near, far]) {
      sockets.add(each);
      each.on("error", () => {});
      each.on("close", () => {
        sockets.delete(each);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far).pipe(near);
  });
  return new Promise((ready) =>
    server.listen(0, "127.0.0.1", () =>
      ready({
        url: `http://127.0.0.1:${server.address().port}`,
        cut: () => sockets.forEach((each) => each.destroy()),
        close: () => {
          server.close();
          sockets.forEach((each) => each.destroy());
        },
      }),
    ),
  );
}

/** What the API says of a run, once it says so. */
async function become(run, state) {
  for (let limit = Date.now() + patienceMs; ; ) {
    const now = await ask(`/api/v1/runs/${run}`);
    if (now.state === state) return now;
    assert.ok(Date.now() < limit, `the run is ${now.state}, not ${state}`);
  }
}

async function ask(what) {
  const answer = await fetch(url + what, { headers: { Authorization: `Bearer ${token}` } });
  assert.equal(answer.status, 200, `${what}: ${answer.status}`);
  return answer.json();
}

/** Every event of a run, over the API. */
async function eventsOf(run) {
  const all = [];
  for (let after = ""; ; ) {
    const page = await ask(`/api/v1/runs/${run}/events?limit=500${after && `&after=${after}`}`);
    all.push(...page.items);
    if (page.caught_up) return all;
    after = page.next;
  }
}

/** What everybody needs: nothing beyond the screen's edge, and a name for all that can be used. */
async function isUsable(page, where) {
  const found = await page.evaluate(() => {
    const nameless = [...document.querySelectorAll("input, select, textarea, button, a")]
      .filter((each) => each.checkVisibility())
      .filter((each) => !(each.labels?.length > 0 || each.textContent.trim() || each.ariaLabel))
      .map((each) => each.outerHTML);
    const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
    return { nameless, wide, headings: document.querySelectorAll("h1").length };
  });
  assert.deepEqual(found, { nameless: [], wide: 0, headings: 1 }, where);
}

/** Moves by the tab key alone until `wanted` has the focus, which has to be seen. */
async function tabTo(page, wanted) {
  for (let i = 0; i < 60; ++i) {
    await page.keyboard.press("Tab");
    if (await wanted.evaluate((element) => element === document.activeElement)) {
      const outline = await wanted.evaluate((element) => getComputedStyle(element).outlineStyle);
      assert.notEqual(outline, "none", "the focus can't be seen");
      return;
    }
  }
  assert.fail(`the tab key does not lead to ${wanted}`);
}

async function connect(page) {
  await page.getByLabel("The server's token").fill("not the token");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").filter({ hasText: "token" }).waitFor();
  await isUsable(page, "asking for the token");
  await page.getByLabel("The server's token").fill(token);
  await page.keyboard.press("Enter");
  await page.locator('#link[data-state="live"]').waitFor();
  await page.getByText("There is no run yet.").waitFor();
  await isUsable(page, "no runs");
}

async function startRun(page) {
  await tabTo(page, page.getByRole("navigation").getByRole("link", { name: "Start a run" }));
  await page.keyboard.press("Enter");
  await page.getByLabel("Workflow").selectOption("gated-note@1");
  await page.getByLabel("Repository").fill(repository);
  await page.getByLabel("Requirements").fill("A note.");
  await page.getByLabel("Model").fill("none");
  await tabTo(page, page.getByRole("button", { name: "Start the run" }));
  await isUsable(page, "starting a run");
  await page.keyboard.press("Enter");
  // What the server refuses is told beside the form.
  await page.getByRole("alert").filter({ hasText: "model" }).waitFor();
  await page.getByLabel("Model").fill(model);
  await page.getByRole("button", { name: "Start the run" }).click();
  await page.waitForURL(/#\/runs\/[0-9a-f-]{36}$/);
  return page.url().split("/").pop();
}

async function watchAndApprove(page, context, wire, run) {
  const said = page.locator('[data-kind="call"] pre').first();
  await said.filter({ hasText: "I look at" }).waitFor();
  await context.setOffline(true);
  await page.locator('#link[data-state="waiting"]').waitFor();
  wire.cut();
  // The run goes on meanwhile, to the place where a person has to decide.
  for (let state = ""; state !== "awaiting_approval"; )
    state = (await ask(`/api/v1/runs/${run}`)).state;
  assert.equal(await page.getByText("Waiting for you").count(), 0);
  await context.setOffline(false);
  await page.locator('#link[data-state="live"]').waitFor();
  await page.getByText("Waiting for you").waitFor();
  assert.match(await said.textContent(), /every word in its place\.$/);
  assert.equal(await page.evaluate(() => window.wasFooled), undefined);
  await isUsable(page, "waiting for a decision");
  await page.screenshot({ path: path.join(screenshots, "approval-phone.png"), fullPage: true });

  wire.cut(); // and once more, with the network there
  await page.locator('#link[data-state="waiting"]').waitFor();
  await page.locator('#link[data-state="live"]').waitFor();
  await page.getByLabel("Comment").fill("Good.");
  await tabTo(page, page.getByRole("button", { name: "Approve" }));
  await page.keyboard.press("Enter");
  await page.locator('#state [data-state="completed"]').waitFor();
}

/** What the page took, with two cuts in between, is what the log has: nothing twice, nothing left. */
async function sawEverything(page, run) {
  await page.getByRole("link", { name: "Open the report" }).waitFor();
  for (let limit = Date.now() + patienceMs; ; ) {
    const events = await eventsOf(run);
    const wanted = `${events.length} events, up to position ${events.at(-1).position}`;
    const shown = await page.locator("#progress").textContent();
    if (shown.startsWith(wanted)) return;
    assert.ok(Date.now() < limit, `the page has ${shown}, the log ${wanted}`);
    await page.waitForTimeout(100);
  }
}

async function readReport(page) {
  await page.getByRole("link", { name: "Open the report" }).click();
  await page.getByLabel("The report").filter({ hasText: "gated-note@1" }).waitFor();
  await isUsable(page, "the report");
  await page.screenshot({ path: path.join(screenshots, "report-phone.png"), fullPage: true });
}

async function startAnother(page, how = {}) {
  await page.goto(`${page.url().split("#")[0]}#/new`);
  await page.getByLabel("Workflow").selectOption("gated-note@1");
  await page.getByLabel("Repository").fill(repository);
  await page.getByLabel("Requirements").fill("Another note.");
  await page.getByLabel("Model").fill(how.model ?? model);
  await page.getByLabel("writer").selectOption("note-writer@1");
  if (how.budget) await page.getByLabel("Budget").fill(how.budget);
  await page.getByRole("button", { name: "Start the run" }).click();
  await page.waitForURL(/#\/runs\/[0-9a-f-]{36}$/);
  return page.url().split("/").pop();
}

/** A budget that stops the run at its first call; then a larger one, changes, and a no. */
async function resumeThenAskForChangesThenReject(page) {
  const run = await startAnother(page, { model: quickModel, budget: "0.000001" });
  await page.locator('#state [data-state="interrupted"]').waitFor();
  const before = await become(run, "interrupted");
  assert.match(before.message, /raise the cap/);
  await page.getByLabel("Budget in dollars from now on").fill("0.50");
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByText("Waiting for you").waitFor();
  await become(run, "awaiting_approval");
  assert.equal((await ask(`/api/v1/budget/scopes/run:${run}`)).cap_usd, "0.50");
  assert.ok((await eventsOf(run)).some((each) => each.record.type === "run.resumed"));

  await page.getByLabel("Comment").fill("Shorter, please.");
  await page.getByRole("button", { name: "Ask for changes" }).click();
  await page.getByText("round 2").waitFor();
  const again = await become(run, "awaiting_approval");
  assert.deepEqual(
    again.approvals.map((each) => [each.decision, each.comment, each.round]),
    [
      ["request_changes", "Shorter, please.", 1],
      [null, "", 2],
    ],
  );

  await page.getByLabel("Comment").fill("It is no note.");
  await page.getByRole("button", { name: "Reject" }).click();
  await page.locator('#state [data-state="failed"]').waitFor();
  const over = await become(run, "failed");
  assert.equal(over.code, "approval_rejected");
  assert.deepEqual(over.approvals[1].decision, "reject");
  assert.equal(over.approvals[1].comment, "It is no note.");
  assert.equal(await page.getByText("Waiting for you").count(), 0);
  await isUsable(page, "a rejected run");
}

async function abortAnother(page) {
  const run = await startAnother(page);
  await page.locator('#state [data-state="executing"]').waitFor();
  await page.getByRole("button", { name: "Abort" }).click();
  await page.getByRole("button", { name: "Abort: really?" }).click();
  await page.locator('#state [data-state="aborted"]').waitFor();
  await become(run, "aborted");
}

async function listRuns(page) {
  await page.getByRole("navigation").getByRole("link", { name: "Runs" }).click();
  await page.locator('li .state[data-state="completed"]').waitFor();
  await page.locator('li .state[data-state="aborted"]').waitFor();
  await page.getByRole("progressbar").first().waitFor();
  await isUsable(page, "the list of runs");
  await page.screenshot({ path: path.join(screenshots, "runs-phone.png"), fullPage: true });
  await page.setViewportSize(desk);
  await page.screenshot({ path: path.join(screenshots, "runs-desk.png"), fullPage: true });
}

const wire = await makeWire(new URL(url));
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});
try {
  const context = await browser.newContext({ viewport: phone });
  context.setDefaultTimeout(patienceMs);
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (line) => {
    if (line.type() === "error" || line.type() === "warning") complaints.push(line.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  try {
    await page.goto(wire.url);
    await connect(page);
    const run = await startRun(page);
    await watchAndApprove(page, context, wire, run);
    await sawEverything(page, run);
    await page.screenshot({ path: path.join(screenshots, "run-phone.png"), fullPage: true });
    await readReport(page);
    await resumeThenAskForChangesThenReject(page);
    await abortAnother(page);
    await listRuns(page);
  } catch (error) {
    console.error(await page.locator("body").innerText());
    console.error(complaints);
    throw error;
  }
  assert.deepEqual(complaints, [], "the browser's console");
} finally {
  await browser.close();
  wire.close();
}
