// The published destination in one process, for comparison: one JSON request a line on stdin, one answer a line.
// No network is measured: the HTTP client of the framework gets a ready answer at once.
//
//   {"subscription": {}, "single": [text of an event], "batch": [text of an array of events]}   what is measured
//   {"run": "single" | "batch", "seconds": 0.2}   -> {"seconds", "calls"}: texts in a circle for about that time;
//                                                    the seconds are those of this thread on a core, where Linux tells
//   {"bodies": "single" | "batch"}                -> {"bodies": [text]}: what is sent, each text once

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const folder = process.argv[2]
const require = createRequire(join(folder, 'package.json'))
const core = join(folder, 'node_modules/@segment/actions-core')
const { Destination } = require(core)
const fetch = require(join(core, 'dist/cjs/fetch.js'))
const { default: definition } = require('@segment/action-destinations/dist/destinations/optimizely-data-platform')
const destination = new Destination(definition)

const headers = { 'content-type': 'application/json' }
let seen = null
fetch.default = async (request) => {
  if (seen) seen.push(await request.text())
  return new fetch.Response('{}', { status: 202, headers })
}

const calls = {
  single: (text) => destination.onEvent(JSON.parse(text), settings()),
  batch: (text) => destination.onBatch(JSON.parse(text), settings()),
}
let work = {}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(await answer(JSON.parse(line))) + '\n')
}

async function answer(asked) {
  if (asked.run) return timed(calls[asked.run], work[asked.run], asked.seconds)
  if (asked.bodies) return { bodies: await sent(calls[asked.bodies], work[asked.bodies]) }
  work = { ...asked, next: 0 }
  return {}
}

async function timed(call, texts, seconds) {
  let done = 0
  const started = spent()
  const until = process.hrtime.bigint() + BigInt(Math.round(seconds * 1e9))
  while (process.hrtime.bigint() < until) {
    for (let k = 0; k < 5; k++) await call(texts[work.next++ % texts.length])
    done += 5
    destination.responses.length = 0 // the framework keeps every response for its own tests
  }
  return { seconds: Number(spent() - started) / 1e9, calls: done }
}

/** Nanoseconds on a core: other programs that share the machine do not count. */
function spent() {
  if (process.platform !== 'linux') return process.hrtime.bigint()
  return BigInt(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0])
}

async function sent(call, texts) {
  seen = []
  for (const text of texts) await call(text)
  const bodies = seen
  seen = null
  destination.responses.length = 0
  return bodies
}

function settings() {
  return { apiKey: 'odp_test_bench', region: 'US', subscriptions: [work.subscription] }
}
