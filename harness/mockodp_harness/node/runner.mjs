// The published destination behind stdin and stdout: one JSON request a line, one JSON answer a line, matched by `id`,
// in the order in which they are ready. stdout carries answers and nothing else. The end of stdin lets what is in
// flight finish, then ends the process with 0; 2 means wrong use, 3 that the packages are missing.
//
//   {"id", "op": "describe"}
//   {"id", "op": "event", "event": {}, "settings": {"apiKey", "region"},
//    "subscriptions"?: [{}], "presets"?: true | [name], "defaults"?: [action slug], "limit_ms"?: 60000}
//   {"id", "op": "batch", "events": [{}], …as for event}
//   {"id", "op": "testAuthentication", "settings": {}, "limit_ms"?}
//
//   {"id", "ok": true, "results", "requests": [REQUEST]}
//   {"id", "ok": false, "error": ERROR, "requests": [REQUEST]}
//   REQUEST: {"method", "url", "headers", "body": text | null, "answer"?: {"status", "headers", "body"}, "error"?: ERROR}
//   ERROR: {"name", "message", "status"?, "code"?, "response_status"?, "response_body"?, "errors"?: [ERROR]}
//
// The error ProtocolError means that the question was wrong (id null if none could be read), CallTimeout that limit_ms
// ran out; any other is the destination's own. MOCKODP_HOSTS, or --hosts, is a JSON object of region and base URL.

import { Console } from 'node:console'
import { parseArgs } from 'node:util'

import { Call, recordRequests } from './recorder.mjs'

const IN_FLIGHT = 256 // calls at once; further lines wait, so that no request's own time-out runs while it queues
const LIMIT_MS = 60_000 // the destination itself waits without end for a body that stops half-way
const WRONG_USE = 2
const NOT_READY = 3

process.env.TZ ||= 'UTC' // the destination reads birth dates in local time; set before anything reads a date
process.on('SIGINT', () => {}) // Ctrl-C reaches the whole terminal; the end of stdin is what stops this process
const say = ownStdout()
const regions = givenRegions()
recordRequests(guard(regions))
const { hosts, operations, ProtocolError } = await destination()
move(hosts, regions)

const inFlight = new Set()
for await (const line of lines(process.stdin)) {
  if (inFlight.size >= IN_FLIGHT) await Promise.race(inFlight)
  const answered = answer(line).then(say)
  inFlight.add(answered)
  void answered.then(() => inFlight.delete(answered))
}
await Promise.all(inFlight)
process.exit(0)

async function answer(line) {
  const call = new Call()
  const request = parsed(line)
  const { id = null, settings, limit_ms: limit = LIMIT_MS } = request
  try {
    const results = await within(limit, call, () => operation(request)(request))
    return { id, ok: true, results, requests: call.requests() }
  } catch (error) {
    return { id, ok: false, error: shown(error, settings?.apiKey), requests: call.requests() }
  } finally {
    call.abandon()
  }
}

function parsed(line) {
  try {
    const request = JSON.parse(line)
    if (typeof request === 'object' && request !== null && !Array.isArray(request)) return request
    return { broken: `A line is ${line.slice(0, 40)}, expected a JSON object with 'id' and 'op'.` }
  } catch (error) {
    return { broken: `A line is not JSON: ${error.message}.` }
  }
}

function operation({ op, broken }) {
  if (broken) throw new ProtocolError(broken)
  if (Object.hasOwn(operations, op ?? '')) return operations[op]
  throw new ProtocolError(`There is no operation ${JSON.stringify(op)}. Known: ${Object.keys(operations).join(', ')}.`)
}

async function within(limit, call, work) {
  let timer
  const tooLong = new Promise((_, reject) => {
    const error = new Error(`The destination did not come back within ${limit} ms.`)
    timer = setTimeout(() => reject(Object.assign(error, { name: 'CallTimeout' })), limit)
  })
  try {
    return await Promise.race([call.run(work), tooLong])
  } finally {
    clearTimeout(timer)
  }
}

/** What of an error tells what went wrong, without the key. */
function shown(thrown, apiKey) {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  const response = error.response
  return {
    name: error.name,
    message: masked(error.message, apiKey),
    status: error.status,
    code: error.code,
    response_status: response?.status,
    response_body: response?.content,
    errors: shownParts(error, apiKey),
  }
}

function shownParts(error, apiKey) {
  if (typeof error[Symbol.iterator] !== 'function') return undefined
  return [...error].map(({ name, message, path, pointer }) => {
    return { name, message: masked(message, apiKey), path, pointer }
  })
}

function masked(text, apiKey) {
  if (typeof apiKey !== 'string' || apiKey === '') return String(text)
  const whole = String(text).replaceAll(`Bearer ${apiKey}`, 'Bearer ****')
  return apiKey.length < 6 ? whole : whole.replaceAll(apiKey, '****')
}

function ownStdout() {
  const write = process.stdout.write.bind(process.stdout)
  process.stdout.on('error', () => process.exit(0)) // whoever asked is gone
  process.stdout.write = process.stderr.write.bind(process.stderr)
  globalThis.console = new Console(process.stderr, process.stderr)
  return (answered) => new Promise((resolve) => write(JSON.stringify(answered) + '\n', resolve))
}

function givenRegions() {
  const { values } = parseArgs({ options: { hosts: { type: 'string' } } })
  const text = values.hosts ?? process.env.MOCKODP_HOSTS
  if (!text) return {}
  try {
    const given = JSON.parse(text)
    for (const base of Object.values(given)) new URL(base)
    return given
  } catch (error) {
    return end(WRONG_USE, `MOCKODP_HOSTS is ${text}, expected a JSON object of region and base URL: ${error.message}.`)
  }
}

/** Who may be reached: the hosts given, or whatever mockodp-preload.cjs lets through. */
function guard(given) {
  if (globalThis[Symbol.for('mockodp.preload')]) return () => true
  const names = new Set(Object.values(given).map((base) => new URL(base).hostname))
  return (host) => names.has(host)
}

function move(known, given) {
  for (const [region, base] of Object.entries(given)) {
    if (!Object.hasOwn(known, region)) {
      end(WRONG_USE, `MOCKODP_HOSTS has region '${region}'. Known: ${Object.keys(known).join(', ')}.`)
    }
    known[region] = base
  }
}

async function destination() {
  try {
    return await import('./destination.mjs')
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND' && error.code !== 'ENOENT') throw error
    const what = error.message.split('\n')[0]
    return end(NOT_READY, `${what}. Expected the packages beside this file: run 'npm ci --ignore-scripts' there.`)
  }
}

function end(status, message) {
  process.stderr.write(`mockodp runner: ${message}\n`)
  process.exit(status)
}

/** Lines end at \n alone: node:readline would also break at U+2028, which JSON may hold raw. */
async function* lines(stream) {
  let rest = ''
  stream.setEncoding('utf8')
  for await (const chunk of stream) {
    const parts = (rest + chunk).split('\n')
    rest = parts.pop()
    yield* parts.filter((line) => line.trim() !== '')
  }
  if (rest.trim() !== '') yield rest
}
