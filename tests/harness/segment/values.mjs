// What JavaScript makes of values: one question a line on stdin, [operation, ...arguments], one answer a line on stdout.

import { readFileSync } from 'node:fs'

const bits = new DataView(new ArrayBuffer(8))

const OPERATIONS = {
  number_text: (hex) => String(number(hex)),
  text_to_number: (text) => hex(Number(text)),
  json: (text) => JSON.stringify(JSON.parse(text)),
  conversions: (text) => {
    const value = JSON.parse(text)
    return [Boolean(value), tried(() => value == ''), tried(() => String(value)), tried(() => hex(Number(value))), typeof value]
  },
  length: (text) => text.length,
  trim: (text) => text.trim(),
  lower: (text) => text.toLowerCase(),
  upper: (text) => text.toUpperCase(),
  folded: (one, other) => new RegExp(one.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'), 'i').test(other),
  time: (text, zone) => {
    process.env.TZ = zone
    return new Date(text).getTime()
  },
}

function number(text) {
  bits.setBigUint64(0, BigInt(`0x${text}`))
  return bits.getFloat64(0)
}

function hex(value) {
  bits.setFloat64(0, value)
  return Number.isNaN(value) ? 'NaN' : bits.getBigUint64(0).toString(16).padStart(16, '0')
}

function tried(compute) {
  try {
    return compute()
  } catch (error) {
    return `${error.name}: ${error.message}`
  }
}

const lines = readFileSync(0, 'utf8').split('\n').slice(0, -1)
const answers = lines.map((line) => {
  const [operation, ...given] = JSON.parse(line)
  try {
    return JSON.stringify({ is: OPERATIONS[operation](...given) }) + '\n'
  } catch {
    return '{}\n'
  }
})
process.stdout.write(answers.join(''))
