// The published destination behind the protocol of Segment's local server, for tests of the driver `serve`.
//
//   node local_server.mjs PACKAGES [--hosts '{"US": URL}'] [--remembers] [--grown]
//
// Prints its URL, and ends with stdin. With --remembers every answer lists the exchanges of all runs; --grown adds to
// the action customEvent a field that the published package does not have.

import http from 'node:http'
import { createRequire } from 'node:module'
import { parseArgs } from 'node:util'

process.env.TZ ||= 'UTC'
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { hosts: { type: 'string' }, remembers: { type: 'boolean' }, grown: { type: 'boolean' } },
})
const FOLDER = '@segment/action-destinations/dist/destinations/optimizely-data-platform'
const SECRET = ['authorization', 'proxy-authorization', 'x-api-key', 'cookie']
const require = createRequire(`${positionals[0]}/served.mjs`)
const { Destination, defaultValues } = require('@segment/actions-core')
const { default: definition } = require(FOLDER)
const { hosts } = require(`${FOLDER}/utils`)

Object.assign(hosts, JSON.parse(options.hosts ?? '{}'))
if (options.grown) grow(definition.actions.customEvent)
const destination = new Destination(definition)

const server = http.createServer(async (request, response) => {
  const { status = 200, said } = await answer(request.method, request.url, await text(request))
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(said))
})
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))
process.stdin.resume().on('end', () => process.exit(0))

async function answer(method, path, body) {
  if (method === 'GET' && path === '/manifest') return { said: definition }
  if (path === '/authenticate') return { said: await tried(JSON.parse(body)) }
  const action = destination.actions[path.slice(1)]
  return action ? { said: await ran(action, JSON.parse(body)) } : { status: 404, said: { message: 'Not Found' } }
}

async function tried(settings) {
  try {
    await destination.testAuthentication(settings)
    return { ok: true }
  } catch (error) {
    return { ok: false, error: error.message, fields: error.fields }
  }
}

async function ran(action, { payload, mapping, settings }) {
  const input = { data: payload, settings, mapping: { ...defaultValues(action.definition.fields), ...mapping } }
  if (!options.remembers) destination.responses.length = 0
  try {
    await (Array.isArray(payload) ? action.executeBatch(input) : action.execute(input))
    return await Promise.all(destination.responses.map(exchange))
  } catch ({ status, response, message, stack, fields }) {
    return { statusCode: status ?? response?.status, message, stack, fields, requestError: true }
  }
}

function exchange(answered) {
  const { method, headers, body } = answered.options
  return {
    request: { url: answered.url, headers: shown(headers), method, body },
    response: {
      statusCode: answered.status,
      statusMessage: answered.statusText,
      headers: shown(answered.headers),
      body: answered.data ?? answered.content,
    },
  }
}

function shown(headers) {
  const entries = [...headers.entries()]
  return Object.fromEntries(entries.map(([name, value]) => [name, SECRET.includes(name) ? '<redacted>' : value]))
}

function grow(action) {
  action.fields.coupon = { label: 'Coupon', type: 'string', minimum: 3, default: { '@path': '$.properties.coupon' } }
  const { perform } = action
  action.perform = (request, input) => perform((url, sent) => request(url, withCoupon(sent, input)), input)
}

function withCoupon(sent, { payload: { coupon } }) {
  return coupon ? { ...sent, json: sent.json.map((item) => ({ ...item, coupon })) } : sent
}

async function text(stream) {
  let whole = ''
  for await (const chunk of stream.setEncoding('utf8')) whole += chunk
  return whole
}
