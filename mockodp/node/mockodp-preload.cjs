// Leads the host names of the Optimizely Data Platform to a local mockodp, inside one Node process and its children.
//
//   MOCKODP_TLS_URL=https://127.0.0.1:8443 MOCKODP_CA=/path/ca.pem \
//   NODE_OPTIONS="--require /path/mockodp-preload.cjs" node client.js
//
// MOCKODP_TLS_URL     where the mock speaks TLS (needed)
// MOCKODP_CA          PEM file of the authority that signed the mock's certificate (needed)
// MOCKODP_URL         where the mock speaks plain HTTP; without it, http:// to a name of the vendor is refused
// MOCKODP_ALLOW_HOSTS further hosts that may be reached: names, addresses, *.suffix, or * for all
//
// The client notices nothing: it looks for the vendor's name in SNI, Host and certificate, and verifies as ever. For
// these names the mock's authority is trusted in place of the public ones, so that the vendor itself never passes.
// Loopback, pipes and Unix sockets stay as they are; every other connection is refused with code EMOCKODP.
//
// A raw socket does not tell whether TLS will follow. Port 80 and the http module count as plain, the rest as TLS.
// Nothing here knows of HTTP beyond that; it works on sockets, where http, https, http2, fetch and all others meet.
// Worker threads and child Node processes are led too, unless a child is given an environment without NODE_OPTIONS.

'use strict'

const { readFileSync } = require('node:fs')
const { syncBuiltinESMExports } = require('node:module')
const net = require('node:net')
const tls = require('node:tls')
const { isMainThread } = require('node:worker_threads')

const TLS_EXAMPLE = 'https://127.0.0.1:8443'
const PLAIN_EXAMPLE = 'http://127.0.0.1:8090'
const MARK = Symbol.for('mockodp.preload')
const VENDOR = new Set([
  'function.zaius.app',
  'function.eu1.ocp.optimizely.com',
  'function.au1.ocp.optimizely.com',
  'api.zaius.com',
  'api.us1.odp.optimizely.com',
  'api.eu1.odp.optimizely.com',
  'api.au1.odp.optimizely.com',
])

function main() {
  if (globalThis[MARK]) return // named twice: in NODE_OPTIONS and on the command line
  const settings = settingsFrom(process.env)
  globalThis[MARK] = Object.freeze({ ...settings, ca: undefined })
  leadSockets(settings)
  leadTls(settings)
  syncBuiltinESMExports()
  if (isMainThread) inherit(process.env)
}

// -- settings ---------------------------------------------------------------------------------------------------------

function settingsFrom(env) {
  const secure = address(env, 'MOCKODP_TLS_URL', 'https:', TLS_EXAMPLE)
  if (!secure) throw startless(`MOCKODP_TLS_URL is not set, expected the mock's address such as ${TLS_EXAMPLE}.`)
  const plain = address(env, 'MOCKODP_URL', 'http:', PLAIN_EXAMPLE)
  const allowed = (env.MOCKODP_ALLOW_HOSTS ?? '').split(',').map(plainName).filter(Boolean)
  return { secure, plain, allowed, ca: authority(env.MOCKODP_CA) }
}

function address(env, name, protocol, example) {
  const text = env[name]
  if (!text) return undefined
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== protocol) throw startless(`${name} is '${text}', expected an address such as ${example}.`)
  return { host: plainName(url.hostname), port: Number(url.port || (protocol === 'https:' ? 443 : 80)) }
}

function authority(path) {
  if (!path) throw startless("MOCKODP_CA is not set, expected the path of the PEM file with the mock's authority.")
  const pem = fileAt(path)
  if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem
  throw startless(`MOCKODP_CA is '${path}', which holds no PEM certificate.`)
}

function fileAt(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw startless(`MOCKODP_CA is '${path}', which cannot be read: ${error.message}.`)
  }
}

function startless(message) {
  const whole = `mockodp-preload: ${message} This process does not start, lest it reach the real platform.`
  process.stderr.write(`${whole}\n`)
  return fault(whole)
}

function fault(message) {
  return Object.assign(new Error(message), { code: 'EMOCKODP' })
}

/** Child processes and tools started from here must not escape, even when only --require was given. */
function inherit(env) {
  const given = env.NODE_OPTIONS ?? ''
  if (given.includes('mockodp-preload')) return
  const path = JSON.stringify(__filename)
  env.NODE_OPTIONS = given ? `${given} --require ${path}` : `--require ${path}`
}

// -- where a connection goes ------------------------------------------------------------------------------------------

function plainName(host) {
  return String(host ?? '').trim().replace(/^\[|\]$/g, '').replace(/\.$/, '').toLowerCase()
}

function isLoopback(host) {
  if (host === '' || host === 'localhost' || host.endsWith('.localhost')) return true
  const four = host.startsWith('::ffff:') ? host.slice(7) : host
  return host === '::1' || host === '::' || host === '0.0.0.0' || (net.isIPv4(four) && four.startsWith('127.'))
}

/** The vendor's name that this connection means, be it by host or, for an address, by the name TLS will ask for. */
function vendorName(options, host = plainName(options.host)) {
  if (VENDOR.has(host)) return host
  const asked = plainName(options.servername)
  return VENDOR.has(asked) && !isLoopback(host) ? asked : undefined
}

function mayReach(host, { secure, plain, allowed }) {
  if (isLoopback(host) || host === secure.host || host === plain?.host) return true
  return allowed.some((name) => name === '*' || name === host || isSuffix(name, host))
}

function isSuffix(name, host) {
  return name.startsWith('*.') && host.endsWith(name.slice(1))
}

function isPlain(socket, options) {
  if (socket instanceof tls.TLSSocket) return false
  return Number(options.port) === 80 || options._agentKey !== undefined || options.protocol === 'http:'
}

/** The address in place of the one asked for, or undefined to leave it. Throws for what must not be reached. */
function detour(socket, options, settings) {
  const host = plainName(options.host)
  const vendor = vendorName(options, host)
  if (!vendor && !mayReach(host, settings)) throw foreign(host, settings)
  if (!vendor) return undefined
  if (!isPlain(socket, options)) return settings.secure
  if (settings.plain) return settings.plain
  throw fault(
    `Plain HTTP to '${vendor}' was stopped: only TLS is led to the mock. ` +
      'Use https://, or set MOCKODP_URL to the address where the mock speaks plain HTTP.'
  )
}

function foreign(host, { secure, plain, allowed }) {
  const known = [...VENDOR].join(', ')
  const mock = [secure, plain].filter(Boolean).map(({ host, port }) => `${host}:${port}`).join(', ')
  return fault(
    `A connection to '${host}' was stopped. Reached are loopback, the mock (${mock}), the names led to it (${known}) ` +
      `and what MOCKODP_ALLOW_HOSTS names (now ${allowed.join(', ') || 'nothing'}): add '${host}', or '*' for all.`
  )
}

// -- the two places where all clients meet ----------------------------------------------------------------------------

const led = new WeakSet() // sockets that end at the mock

function leadSockets(settings) {
  const { connect } = net.Socket.prototype
  net.Socket.prototype.connect = function (...args) {
    const [options, listener] = Array.isArray(args[0]) ? args[0] : net._normalizeArgs(args)
    if (options.path) return connect.apply(this, args) // a pipe or a Unix socket
    let target
    try {
      target = detour(this, options, settings)
    } catch (error) {
      return refused(this, error)
    }
    if (isMock(target ?? options, settings)) led.add(this)
    return target ? connectTo(this, target, options, listener) : connect.apply(this, args)
  }

  function connectTo(socket, target, options, listener) {
    connect.call(socket, { ...options, ...target, lookup: undefined }, listener)
    socket._host = vendorName(options) // by which tls verifies when it is laid over this socket
    return socket
  }
}

function isMock({ host, port }, { secure }) {
  return plainName(host) === secure.host && Number(port) === secure.port
}

/** Like any connection that fails: by an error event, which every client knows to handle. */
function refused(socket, error) {
  socket.connecting = true
  process.nextTick(() => socket.destroy(error))
  return socket
}

function leadTls({ ca }) {
  const { connect } = tls
  tls.connect = function (...args) {
    const [options, listener] = tlsArguments(args)
    const vendor = vendorOf(options)
    if (!vendor) return connect.apply(this, args)
    if (options.socket && !led.has(options.socket)) {
      options.socket.destroy()
      throw fault(`TLS to '${vendor}' was stopped: its socket does not end at the mock. Is there a proxy between?`)
    }
    return connect.call(this, trusting(options, ca), listener)
  }
}

function vendorOf(options) {
  const names = [options.servername, options.host, options.socket?._host].map(plainName)
  return names.find((name) => VENDOR.has(name))
}

/** The same options that also take the mock's certificate and no public one; a context made elsewhere keeps its own. */
function trusting(options, ca) {
  if (!options.secureContext) return { ...options, ca: [].concat(options.ca ?? [], ca) }
  options.secureContext.context.addCACert(ca)
  return options
}

/** As node:tls reads them: (options), (path, options), (port, host, options), each with a listener or without. */
function tlsArguments(args) {
  const [options, listener] = net._normalizeArgs(args)
  const more = args.slice(1, 3).find((arg) => typeof arg === 'object' && arg !== null)
  return [{ ...options, ...more }, listener]
}

main()
