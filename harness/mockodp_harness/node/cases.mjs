// The published packages as a filter of cases: one JSON case a line on stdin, one JSON answer a line on stdout, in the
// same order. A case names a kind: a part of the packages, or the whole destination. Nothing is sent: it says itself
// what comes back. Whatever is thrown, be it an error or not, is an answer. 3 means that the packages are missing.
//
//   {"id", "ok": true, "result"}
//   {"id", "ok": false, "error": {"name", "message", "status"?, "code"?, "errors"?, …}, "requests": [REQUEST]}
//   REQUEST: {"method", "url", "headers", "body": text | null}

import { Console } from 'node:console'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const NOT_READY = 3
const SETTINGS = { apiKey: 'test-key', region: 'US' }
const WRITTEN = 1 << 16 // characters of answers to gather while more cases are at hand

process.on('SIGINT', () => {}) // Ctrl-C reaches the whole terminal; the end of stdin is what stops this process
process.stdout.on('error', () => process.exit(0)) // whoever asked is gone
globalThis.console = new Console(process.stderr, process.stderr)

const { can, destinations, kit, recorder } = await packages()
const { definition, defaultMapping, destination, sent } = destinations
const schemaKeys = new Map()

const KINDS = {
  action: (given, requests) =>
    whole(requests, () => destination.executeAction(given.action, { ...bundle(given), event: given.event })),
  auth: async (given, requests) => {
    await sent(destination.testAuthentication(settings(given)))
    return { requests }
  },
  batch: (given, requests) => whole(requests, () => destination.onBatch(given.events, configured(given))),
  batch_action: (given, requests) =>
    whole(requests, () => destination.executeBatch(given.action, { ...bundle(given), events: given.events })),
  date: ({ value }) => date(new Date(value)),
  event: (given, requests) => whole(requests, () => destination.onEvent(given.event, configured(given))),
  flatten: ({ value, prefix = '', separator = '.', omit_arrays: omitArrays = false }) =>
    shown(kit.flattenObject(value, prefix, separator, omitArrays)),
  fql: (given) => {
    const ast = kit.parseFql(given.fql)
    const match = 'event' in given ? { match: kit.evaluate(ast, given.event) } : {}
    return ast.error ? { parse_error: ast.error.message, ...match } : { ast, ...match }
  },
  fql_generate: ({ ast }) => ({ fql: kit.generateFql(ast) }),
  fql_validate: ({ ast, event }) => ({ match: kit.evaluate(ast, event) }),
  get: ({ payload, path }) => shown(kit.get(payload, path)),
  keys: ({ mapping }) => kit.getFieldValueKeys(mapping),
  mapping: ({ mapping, payload }) => shown(kit.transform(mapping, payload)),
  mapping_validate: ({ mapping }) => {
    kit.checkMapping(mapping)
    return {}
  },
  remove_empty: ({ payload, schema, root = true }) => shown(kit.removeEmptyValues(payload, schema, root)),
  render: ({ template, data }) => shown(kit.render(template, data)),
  schema: ({ fields }) => kit.fieldsToJsonSchema(fields),
  validate_schema: ({ payload, schema, throw: throwIfInvalid = true, exempt = [] }) => {
    const options = { schemaKey: schemaKey(schema), throwIfInvalid, exempt }
    return { valid: kit.validateSchema(payload, schema, options), ...shown(payload) }
  },
}
KINDS.preset = KINDS.event

for await (const answers of answered(process.stdin)) {
  if (!process.stdout.write(answers)) await new Promise((resolve) => process.stdout.once('drain', resolve))
}
process.exit(0)

/** The answers to all lines, several at a time. */
async function* answered(stream) {
  let rest = ''
  stream.setEncoding('utf8')
  for await (const chunk of stream) {
    const lines = (rest + chunk).split('\n') // node:readline would also break at U+2028, which JSON may hold raw
    rest = lines.pop()
    let answers = ''
    for (const line of lines) {
      if (line.trim() === '') continue
      answers += `${await answer(line)}\n`
      if (answers.length < WRITTEN) continue
      yield answers
      answers = ''
    }
    if (answers) yield answers
  }
  if (rest.trim() !== '') yield `${await answer(rest)}\n`
}

async function answer(line) {
  const given = parsed(line)
  const { id = null } = given
  const requests = can(given)
  zone(given.tz)
  try {
    return JSON.stringify({ id, ok: true, result: await kind(given)(given, requests) })
  } catch (thrown) {
    return JSON.stringify({ id, ok: false, error: told(thrown), requests })
  }
}

function parsed(line) {
  try {
    const given = JSON.parse(line)
    if (typeof given === 'object' && given !== null && !Array.isArray(given)) return given
    return { broken: 'A line is no object.' }
  } catch (error) {
    return { broken: `A line is not JSON: ${error.message}.` }
  }
}

function kind({ kind: name, broken }) {
  if (!broken && Object.hasOwn(KINDS, name ?? '')) return KINDS[name]
  const message = broken ?? `${JSON.stringify(name)} is not a kind. Known: ${Object.keys(KINDS).join(', ')}.`
  throw Object.assign(new Error(message), { name: 'CaseError' })
}

function zone(name = 'UTC') {
  if (process.env.TZ !== name) process.env.TZ = name // costs: Node forgets what it knows of the zone
}

/** The first failing subscription rejects a call while the others still send: wait for them. */
async function whole(requests, work) {
  const results = await new recorder.Call().run(() => sent(work()))
  return { results: results ?? null, requests }
}

function settings(given) {
  return 'raw_settings' in given ? given.raw_settings : { ...SETTINGS, ...given.settings }
}

function bundle(given) {
  const defaults = given.use_defaults ? defaultMapping(definition.actions[given.action]) : {}
  return { mapping: { ...defaults, ...given.mapping }, settings: settings(given) }
}

function configured(given) {
  const wanted = given.kind === 'preset' ? true : given.presets || []
  const presets = definition.presets.filter(({ name }) => wanted === true || wanted.includes(name))
  const slugs = given.default_actions === true ? Object.keys(definition.actions) : given.default_actions || []
  const subscriptions = [...presets, ...slugs.map(subscription), ...(given.subscriptions || [])]
  return { ...settings(given), subscriptions: structuredClone(subscriptions) } // @replace writes into its mapping
}

function subscription(slug) {
  const action = definition.actions[slug]
  const subscribe = action.defaultSubscription ?? 'type = "track"'
  return { subscribe, partnerAction: slug, mapping: defaultMapping(action) }
}

/** The packages keep a compiled schema by its key, which has to be a URI for them. */
function schemaKey(schema) {
  const text = JSON.stringify(schema)
  if (!schemaKeys.has(text)) schemaKeys.set(text, `case-schema-${schemaKeys.size}`)
  return schemaKeys.get(text)
}

function date(day) {
  const ms = day.getTime()
  if (Number.isNaN(ms)) return { ms: null, dob: {} }
  return { ms, dob: { dob_year: day.getFullYear(), dob_month: day.getMonth() + 1, dob_day: day.getDate() } }
}

function shown(value) {
  const json = JSON.stringify(value)
  return json === undefined ? { value: null, undefined: true } : { value, json }
}

/** What was thrown. The message of an aggregate is a rendering with stack traces: its parts tell all. */
function told(thrown) {
  if (!(thrown instanceof Error)) return { name: typeof thrown, message: String(thrown) }
  const { name, message, status, code, response } = thrown
  if (name === 'AggregateError') return { name, errors: [...thrown].map((part) => part.message) }
  const errors = typeof thrown[Symbol.iterator] === 'function' ? [...thrown].map(part) : undefined
  const received = response && { response_status: response.status, response_data: response.data }
  return { name, message, status, code, errors, ...received }
}

function part({ path, pointer, message }) {
  return { path, pointer, message }
}

async function packages() {
  try {
    const { can } = await import('./canned.mjs')
    const [destinations, recorder] = [await import('./destination.mjs'), await import('./recorder.mjs')]
    return { can, destinations, kit: parts(), recorder }
  } catch (error) {
    if (!['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND', 'ENOENT'].includes(error.code)) throw error
    const what = error.message.split('\n')[0]
    process.stderr.write(`mockodp cases: ${what}. Expected the packages beside this file.\n`)
    return process.exit(NOT_READY)
  }
}

/** The parts of the packages that a destination is made of; some are not exported, and taken from their files. */
function parts() {
  const require = createRequire(import.meta.url)
  const core = dirname(require.resolve('@segment/actions-core'))
  const { parseFql, generateFql, validate: evaluate } = require('@segment/destination-subscriptions')
  const { fieldsToJsonSchema, get, getFieldValueKeys, transform, validateSchema } = require('@segment/actions-core')
  const { default: checkMapping } = require(join(core, 'mapping-kit/validate.js'))
  const { flattenObject } = require(join(core, 'mapping-kit/flatten.js'))
  const { render } = require(join(core, 'mapping-kit/placeholders.js'))
  const { removeEmptyValues } = require(join(core, 'remove-empty-values.js'))
  return {
    checkMapping, evaluate, fieldsToJsonSchema, flattenObject, generateFql, get, getFieldValueKeys, parseFql,
    removeEmptyValues, render, transform, validateSchema,
  }
}
