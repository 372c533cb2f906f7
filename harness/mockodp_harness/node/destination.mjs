// The published destination: what it is made of, and its three entry points. Knows nothing of stdin or of the wire.

import { readFileSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { Call } from './recorder.mjs'

const SLUG = 'optimizely-data-platform'
const FOLDER = `@segment/action-destinations/dist/destinations/${SLUG}`
const STAND_IN = 'mockodp-stand-in'
const PACKAGES = fileURLToPath(new URL('./node_modules', import.meta.url))

const require = createRequire(import.meta.url)
const { Destination, defaultValues } = require('@segment/actions-core')
export const { default: definition } = require(FOLDER)

/** The map the destination's code reads its base URLs from: whoever writes into it moves the destination. */
export const { hosts } = require(`${FOLDER}/utils`)

/** Someone asked for what does not exist; not a failure of the destination. */
export class ProtocolError extends Error {
  name = 'ProtocolError'
}

/** The framework itself, that also tells which of a call's subscriptions is at work. */
class Watched extends Destination {
  onSubscription(...args) {
    const work = () => super.onSubscription(...args)
    return Call.current()?.share(work) ?? work()
  }
}

export const destination = new Watched(definition)

export const operations = {
  describe: () => description(),
  event: (request) => sent(destination.onEvent(member(request, 'event', isObject), configured(request))),
  batch: (request) => sent(destination.onBatch(member(request, 'events', Array.isArray), configured(request))),
  testAuthentication: (request) => sent(destination.testAuthentication(member(request, 'settings', isObject))),
}

/** What *outcome* comes to, with nothing of it left behind in the destination. */
export async function sent(outcome) {
  try {
    return (await outcome) ?? null
  } finally {
    destination.responses.length = 0 // the framework keeps every response for its own tests
  }
}

/** The settings and subscriptions of *request*, as the entry points want them. */
export function configured(request) {
  const settings = member(request, 'settings', isObject)
  const given = request.subscriptions ?? []
  if (!Array.isArray(given)) throw new ProtocolError(`'subscriptions' is ${kind(given)}, expected an array.`)
  return { ...settings, subscriptions: [...given, ...presets(request.presets), ...defaults(request.defaults)] }
}

function presets(wanted) {
  if (wanted === true) return definition.presets
  const named = Object.fromEntries(definition.presets.map((preset) => [preset.name, preset]))
  return (wanted || []).map((name) => known(named, 'preset', name))
}

/** A subscription as Segment's form proposes it: the action's default mapping on its default trigger. */
function defaults(slugs) {
  return (slugs || []).map((slug) => {
    const action = known(definition.actions, 'action', slug)
    const subscribe = action.defaultSubscription ?? 'type = "track"'
    return { name: action.title, partnerAction: slug, subscribe, mapping: defaultMapping(action) }
  })
}

/** The mapping that Segment's form proposes for an action. */
export function defaultMapping(action) {
  return defaultValues(action.fields)
}

function description() {
  return {
    versions: { node: process.versions.node, ...installed() },
    tz: Intl.DateTimeFormat().resolvedOptions().timeZone,
    hosts,
    settings: listed(definition.authentication.fields),
    actions: Object.entries(definition.actions).map(([slug, action]) => ({
      slug,
      title: action.title,
      description: action.description,
      defaultTrigger: action.defaultSubscription ?? null,
      batch: typeof action.performBatch === 'function',
      fields: listed(action.fields),
    })),
    presets: definition.presets,
  }
}

function installed() {
  const versions = {}
  for (const folder of packageFolders()) {
    const { name, version } = JSON.parse(readFileSync(join(PACKAGES, folder, 'package.json'), 'utf8'))
    if (name !== STAND_IN) versions[name] = version
  }
  return versions
}

function packageFolders() {
  return readdirSync(PACKAGES)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) => (name.startsWith('@') ? scoped(name) : [name]))
}

function scoped(scope) {
  return readdirSync(join(PACKAGES, scope)).map((name) => `${scope}/${name}`)
}

function listed(fields) {
  return Object.entries(fields).map(([key, field]) => ({ key, ...field }))
}

function known(family, what, name) {
  if (Object.hasOwn(family, name)) return family[name]
  throw new ProtocolError(`There is no ${what} ${JSON.stringify(name)}. Known: ${Object.keys(family).join(', ')}.`)
}

function member(request, name, fits) {
  const value = request[name]
  if (fits(value)) return value
  throw new ProtocolError(`'${name}' is ${kind(value)}, expected ${fits === isObject ? 'an object' : 'an array'}.`)
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function kind(value) {
  if (value === undefined) return 'absent'
  if (value === null) return 'null'
  return Array.isArray(value) ? 'an array' : `of type ${typeof value}`
}
