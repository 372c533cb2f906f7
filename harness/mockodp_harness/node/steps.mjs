// How far each event gets in each subscription, by the published package's own pieces, one after the other. It stands
// beside a call and must be given a request of its own: pieces write into mappings and payloads.

import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

import { configured, destination } from './destination.mjs'

const EXEMPT = ['dynamicAuthSettings'] // as the framework has it
const NOT_VALIDATED = 'Failed to validate subscription'

const require = createRequire(import.meta.url)
const core = dirname(require.resolve('@segment/actions-core')) // not all pieces are exported
const { parseFql, validate: evaluate } = require('@segment/destination-subscriptions')
const { validateSchema } = require('@segment/actions-core')
const { transform, transformBatch } = require(join(core, 'mapping-kit/index.js'))
const { removeEmptyValues } = require(join(core, 'remove-empty-values.js'))

/** For each subscription of a request what it is, and for each event `matched`, `mapped`, `payload`, `refusal`. */
export function steps(request) {
  const subscriptions = destination.getSubscriptions(structuredClone(configured(request)))
  const one = request.op === 'event'
  const events = one ? [request.event] : request.events
  return subscriptions.map((stored) => {
    const { name, subscribe, partnerAction, mapping } = stored ?? {}
    const walk = walked({ subscribe, partnerAction, mapping: mapping ?? {} }, one ? single : ofBatch)
    return { subscription: { name, subscribe, partnerAction }, events: events.map(walk) }
  })
}

const single = { mapped: transform, isRoot: true }
const ofBatch = { mapped: (mapping, event) => transformBatch(mapping, [event])[0], isRoot: false }

function walked({ subscribe, partnerAction, mapping }, way) {
  const matches = trigger(subscribe)
  return (event) => {
    const said = { matched: false }
    try {
      said.matched = matches(event)
      if (!said.matched || !Object.hasOwn(destination.actions, partnerAction)) return said
      const action = destination.actions[partnerAction]
      const mapped = way.mapped(mapping, event)
      said.mapped = copied(mapped) // before its values are coerced
      said.payload = validated(mapped, action, way.isRoot)
    } catch (error) {
      said.refusal = error
    }
    return said
  }
}

function trigger(subscribe) {
  if (typeof subscribe !== 'string' || subscribe === '') return refusing(NOT_VALIDATED)
  const ast = parseFql(subscribe)
  return ast.error ? refusing(`Invalid subscription : ${ast.error.message}`) : (event) => evaluate(ast, event)
}

function refusing(message) {
  return () => {
    throw Object.assign(new Error(message), { name: 'InvalidSubscription' })
  }
}

function validated(mapped, action, isRoot) {
  const payload = removeEmptyValues(mapped, action.schema, isRoot)
  const schemaKey = `${action.destinationName}:${action.definition.title}`
  validateSchema(payload, action.schema, { schemaKey, exempt: EXEMPT })
  return payload
}

/** As JSON, which has no functions: a path to an inherited member gives one. */
function copied(value) {
  const json = JSON.stringify(value)
  return json === undefined ? undefined : JSON.parse(json)
}
