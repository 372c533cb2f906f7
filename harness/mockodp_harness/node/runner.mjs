// The published destination behind stdin and stdout: one JSON request a line, one JSON answer a line, matched by `id`,
// in the order in which they are ready. stdout carries answers and nothing else. The end of stdin lets what is in
// flight finish, then ends the process with 0; 2 means wrong use, 3 that the packages are missing.
//
//   {"id", "op": "describe"}
//   {"id", "op": "event", "event": {}, "settings": {"apiKey", "region"},
//    "subscriptions"?: [{}], "presets"?: true | [name], "defaults"?: [action slug], "limit_ms"?: 60000, "trace"?: true}
//   {"id", "op": "batch", "events": [{}], …as for event}
//   {"id", "op": "testAuthentication", "settings": {}, "limit_ms"?}
//
//   {"id", "ok": true, "results", "requests": [REQUEST], "subscriptions"?: [SUBSCRIPTION]}
//   {"id", "ok": false, "error": ERROR, "requests": [REQUEST], "subscriptions"?: [SUBSCRIPTION]}
//   REQUEST: {"method", "url", "headers", "body": text | null, "answer"?: {"status", "headers", "body"}, "error"?: ERROR}
//   ERROR: {"name", "message", "status"?, "code"?, "response_status"?, "response_body"?, "errors"?: [FAULT]}
//   FAULT: {"path", "pointer", "message"} of a validation, {"name", "message"} of a mapping
//
// With "trace" an event or a batch is answered with what each of all its subscriptions had of the call (neither results
// nor error if it had no turn, or did not end), and how far each event got in it: a member is absent where a step was
// not reached or failed. An event's refusal is that of its trigger, mapping or validation.
//   SUBSCRIPTION: {"subscription": {"name"?, "subscribe"?, "partnerAction"?}, "results"?, "error"?: ERROR,
//                  "requests": [position], "events": [EVENT]}
//   EVENT: {"matched": boolean, "mapped"?, "payload"?, "refusal"?: ERROR}
//
// The key is masked in all texts but those of the sender: bodies of requests, what was mapped, validated and sent.
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
const { hosts, operations, ProtocolError, steps } = await destination()
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
  const { id = null, settings } = request
  const said = await outcome(request, call)
  call.abandon()
  const requests = call.requests()
  const traced = request.trace === true && !(said.error instanceof ProtocolError)
  const subscriptions = traced ? tracks(parsed(line), call.shares()) : undefined // the call may write into its own
  return { id, ...shown({ ...said, requests, subscriptions }, settings?.apiKey) }
}

async function outcome(request, call) {
  const { limit_ms: limit = LIMIT_MS } = request
  try {
    return { ok: true, results: await within(limit, call, () => operation(request)(request)) }
  } catch (error) {
    return { ok: false, error: error ?? new Error(`The destination threw ${error}.`) }
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

/** For each subscription of an event or a batch how far its events got, and its share of the call. */
function tracks(request, shares) {
  if (request.op !== 'event' && request.op !== 'batch') return undefined
  return steps(request).map((track, index) => ({ requests: [], ...shares[index], ...track }))
}

/** What is told of a call: errors by their telling members, and the key in no text but the sender's own. */
function shown(said, apiKey) {
  const safe = (value) => masked(value, apiKey)
  const failure = (thrown) => (thrown === undefined ? undefined : safe(members(thrown)))
  const outcome = ({ results, error, ...more }) => ({
    ...more, results: shownResults(results, safe), error: failure(error),
  })
  return {
    ...outcome(said),
    requests: said.requests.map(({ answer, error, ...sent }) => ({ ...sent, answer: safe(answer), error: safe(error) })),
    subscriptions: said.subscriptions?.map(({ events, ...share }) => ({
      ...outcome(share),
      events: events.map(({ refusal, ...reached }) => ({ ...reached, refusal: failure(refusal) })),
    })),
  }
}

function shownResults(results, safe) {
  if (!Array.isArray(results)) return safe(results)
  return results.map(({ multistatus, ...result }) => ({
    ...safe(result),
    multistatus: multistatus?.map((node) => node && { ...safe(node), sent: node.sent }), // none for an unknown action
  }))
}

function masked(value, apiKey) {
  if (typeof value === 'string') return maskedText(value, apiKey)
  if (Array.isArray(value)) return value.map((item) => masked(item, apiKey))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, masked(member, apiKey)]))
}

/** What of an error tells what went wrong. The message of an aggregate is a rendering with stack traces. */
function members(thrown) {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  const { name, status, code, response } = error
  const errors = typeof error[Symbol.iterator] === 'function' ? [...error].map(part) : undefined
  return {
    name,
    message: name === 'AggregateError' ? errors.map(({ message }) => message).join('\n') : String(error.message),
    status,
    code,
    response_status: response?.status,
    response_body: response?.content,
    errors,
  }
}

function part({ name, message, path, pointer }) {
  return path === undefined ? { name, message: String(message) } : { path, pointer, message: String(message) }
}

function maskedText(text, apiKey) {
  if (typeof apiKey !== 'string' || apiKey === '') return text
  const whole = text.replaceAll(`Bearer ${apiKey}`, 'Bearer ****')
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
    return { ...(await import('./destination.mjs')), ...(await import('./steps.mjs')) }
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
