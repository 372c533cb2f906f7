// Sees every HTTP request that leaves this process, where node-fetch hands it to Node, and changes nothing of it.
// Knows of calls and requests; nothing here knows of Segment or of the protocol on stdin.

import { AsyncLocalStorage } from 'node:async_hooks'
import http from 'node:http'
import https from 'node:https'
import { isIP } from 'node:net'
import zlib from 'node:zlib'

const MASKED = new Set(['authorization', 'proxy-authorization', 'x-api-key', 'cookie'])
const DECODERS = { gzip: zlib.gunzipSync, 'x-gzip': zlib.gunzipSync, deflate: inflated }

const ABANDONED = { name: 'Abandoned', message: 'The client gave up before an answer came.' }
const CUT_OFF = { name: 'CutOff', message: 'The connection ended in the middle of the answer.' }
const UNFINISHED = { name: 'Unfinished', message: 'The answer was not complete when the call ended.' }

const contexts = new AsyncLocalStorage()

/** One call to the destination: which requests it made, and what each of its subscriptions had of it. */
export class Call {
  #seen = []
  #shares = []

  static current() {
    return contexts.getStore()?.call
  }

  /** The first failing subscription rejects the call while the others still send: wait for them, and for the wire. */
  run(work) {
    return contexts.run({ call: this }, async () => {
      try {
        return await work()
      } finally {
        await Promise.allSettled(this.#shares.map((share) => share.outcome))
        await Promise.all(this.#seen.map((seen) => seen.closed))
      }
    })
  }

  /** Let the next of its subscriptions *work*. */
  share(work) {
    const share = { requests: [] }
    this.#shares.push(share)
    share.outcome = contexts.run({ call: this, share }, work)
    share.outcome.then((results) => (share.results = results), (error) => (share.error = error))
    return share.outcome
  }

  /** For each subscription at work so far its requests, by their positions, and `results` or `error` if it is done. */
  shares() {
    return this.#shares.map(({ outcome, ...said }) => said)
  }

  addRequest(seen) {
    contexts.getStore().share?.requests.push(this.#seen.length)
    this.#seen.push(seen)
  }

  requests() {
    return this.#seen.map((seen) => seen.shown())
  }

  abandon() {
    for (const seen of this.#seen) seen.request.destroy()
  }
}

/** Watch all requests, and let none go to a host that *mayReach* does not name. */
export function recordRequests(mayReach) {
  for (const [module, protocol] of [[http, 'http:'], [https, 'https:']]) {
    const { request } = module
    module.request = function (...args) {
      refuseUnless(mayReach, hostOf(args[0]))
      const made = request.apply(this, args)
      Call.current()?.addRequest(new Seen(made, protocol))
      return made
    }
  }
}

class Seen {
  #inside = false
  #sent = []
  #received = []
  #answer
  #error

  constructor(request, protocol) {
    this.request = request
    this.protocol = protocol
    this.closed = new Promise((resolve) => request.once('close', resolve))
    request.once('error', (error) => (this.#error ??= request.aborted ? ABANDONED : plain(error)))
    request.once('response', (answer) => {
      this.#answer = answer
      answer.on('data', (chunk) => this.#received.push(chunk))
      answer.once('aborted', () => (this.#error ??= CUT_OFF))
    })
    for (const method of ['write', 'end']) this.#tap(method)
  }

  #tap(method) {
    const seen = this
    const original = this.request[method]
    this.request[method] = function (chunk, encoding, ...rest) {
      seen.#note(chunk, encoding)
      seen.#inside = true // end(chunk) may call write(chunk): count it once
      try {
        return original.call(this, chunk, encoding, ...rest)
      } finally {
        seen.#inside = false
      }
    }
  }

  #note(chunk, encoding) {
    if (this.#inside || chunk == null || typeof chunk === 'function') return
    this.#sent.push(typeof chunk === 'string' ? Buffer.from(chunk, asEncoding(encoding)) : Buffer.from(chunk))
  }

  shown() {
    const { method, path } = this.request
    const authority = this.request.getHeader('host')
    return {
      method,
      url: `${this.protocol}//${authority}${path}`,
      headers: this.#headers(),
      body: this.#sent.length ? Buffer.concat(this.#sent).toString('utf8') : null,
      ...this.#outcome(),
    }
  }

  #headers() {
    const shown = {}
    for (const name of this.request.getRawHeaderNames()) {
      const value = [].concat(this.request.getHeader(name)).join(', ')
      shown[name] = MASKED.has(name.toLowerCase()) ? masked(value) : value
    }
    return shown
  }

  #outcome() {
    const answer = this.#answer
    if (!answer) return { error: this.#error ?? UNFINISHED }
    const body = decoded(answer, Buffer.concat(this.#received))
    const shown = { status: answer.statusCode, headers: { ...answer.headers }, body }
    if (answer.complete || isRedirect(answer)) return { answer: shown }
    return { answer: shown, error: this.#error ?? UNFINISHED }
  }
}

function plain({ name, message, code }) {
  return { name, message, code }
}

/** node-fetch hangs up on a redirect as soon as it has read where to go. */
function isRedirect(answer) {
  return answer.statusCode >= 300 && answer.statusCode < 400 && answer.headers.location !== undefined
}

function decoded(answer, bytes) {
  const decoder = DECODERS[answer.headers['content-encoding']]
  if (!decoder || bytes.length === 0) return bytes.toString('utf8')
  try {
    return decoder(bytes, { finishFlush: zlib.constants.Z_SYNC_FLUSH }).toString('utf8')
  } catch {
    return bytes.toString('latin1')
  }
}

function inflated(bytes) {
  return (bytes[0] & 0x0f) === 0x08 ? zlib.inflateSync(bytes) : zlib.inflateRawSync(bytes)
}

function asEncoding(given) {
  return typeof given === 'string' ? given : 'utf8'
}

function masked(value) {
  const [scheme, secret] = value.split(' ', 2)
  if (secret === undefined) return '****'
  return secret === '' ? value : `${scheme} ****`
}

function hostOf(target) {
  const host = typeof target === 'string' ? new URL(target).hostname : target.hostname ?? target.host ?? 'localhost'
  return host.replace(/^\[|\]$/g, '').toLowerCase()
}

const REGIONS = {
  'function.zaius.app': 'US',
  'function.eu1.ocp.optimizely.com': 'EU',
  'function.au1.ocp.optimizely.com': 'AU',
}

function refuseUnless(mayReach, host) {
  if (isLoopback(host) || mayReach(host)) return
  const message =
    `A request to '${host}' was stopped before it left: only loopback and the hosts of given base URLs are reached. ` +
    (Object.hasOwn(REGIONS, host)
      ? `Region ${REGIONS[host]} has none: give base_urls to the driver, or hosts or tls to a NodeRunner.`
      : 'The destination has no region there.')
  throw Object.assign(new Error(message), { code: 'EMOCKODP' })
}

function isLoopback(host) {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}
