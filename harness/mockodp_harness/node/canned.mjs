// Takes the place of the network in this process: keeps each request, and answers it with what a case says comes back.
// To be imported before the destination, whose HTTP client takes hold of its fetch when it is loaded.

import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const nodeFetch = require('node-fetch')
const { FetchError, Request, Response } = nodeFetch

const DEFAULT = { status: 200, body: {} }

let responses = [DEFAULT]
let requests = []

/** From now on *case* says what comes back; gives the list that its requests will be in. */
export function can({ responses: several, response }) {
  responses = several?.length ? several : [response ?? DEFAULT]
  requests = []
  return requests
}

nodeFetch.default = async function fetch(target, options) {
  const request = new Request(target, options)
  new URL(request.url) // throws for what is none, before anything is sent
  requests.push(shown(request))
  const said = responses[Math.min(requests.length, responses.length) - 1]
  if (said.network_error) throw new FetchError(String(said.network_error), 'system')
  return answered(said, request.url)
}

function shown(request) {
  const headers = {}
  for (const [name, values] of Object.entries(request.headers.raw())) headers[name] = values.join(', ')
  return { method: request.method, url: request.url, headers, body: request.body && request.body.toString('utf8') }
}

function answered(said, url) {
  const { status = 200, body = {}, status_text: statusText } = said
  const isText = typeof body === 'string'
  const headers = said.headers ?? (isText ? {} : { 'content-type': 'application/json' })
  const bytes = Buffer.from(isText ? body : JSON.stringify(body)) // a text would bring a content type of its own
  return new Response(bytes, { status, statusText, headers, url })
}
