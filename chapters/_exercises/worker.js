// Python, NumPy and the student's half of the grader, in a worker of their own: an endless loop stops nothing but it.
import { loadPyodide } from "../pyodide/pyodide.mjs";

const here = (name) => new URL(name, self.location.href).href;
const known = new Set(); // the topics whose cases are here
let total = 0;
let loaded = 0;

// What comes is counted, so that the reader sees it come.
const fetched = self.fetch.bind(self);
self.fetch = async (...asked) => {
  const answer = await fetched(...asked);
  if (!answer.ok || !answer.body || !total) return answer;
  const counted = new TransformStream({
    transform(chunk, to) {
      loaded += chunk.length;
      self.postMessage({ share: Math.min(1, loaded / total) });
      to.enqueue(chunk);
    },
  });
  return new Response(answer.body.pipeThrough(counted), { status: answer.status, headers: answer.headers });
};

const text = async (name) => {
  const answer = await fetched(here(name));
  if (!answer.ok) throw new Error(`${name} is not there (${answer.status})`);
  return answer.text();
};

async function start() {
  const harness = JSON.parse(await text("harness.json"));
  total = harness.bytes;
  const python = await loadPyodide({ indexURL: here("../pyodide/"), packages: ["numpy"] });
  for (const [path, source] of Object.entries(harness.files)) {
    python.FS.mkdirTree(`/course/${path}`.replace(/\/[^/]*$/, ""));
    python.FS.writeFile(`/course/${path}`, source);
  }
  python.runPython("import sys; sys.path.insert(0, '/course')");
  return { python, run: python.pyimport("in_page").run };
}

const started = start();
started.then(() => self.postMessage({ ready: true }), (error) => self.postMessage({ failed: String(error.message || error) }));

self.onmessage = async ({ data: { name, topic, answer } }) => {
  try {
    const { python, run } = await started;
    const file = `/cases/${topic}/${topic}.cases.json`;
    if (!known.has(topic)) {
      python.FS.mkdirTree(`/cases/${topic}`);
      python.FS.writeFile(file, await text(`${topic}.json`)); // as text: it may hold a NaN, which is JSON in Python alone
      known.add(topic);
    }
    self.postMessage({ result: JSON.parse(run(name, answer, file)) });
  } catch (error) {
    self.postMessage({ failed: String(error.message || error) });
  }
};
