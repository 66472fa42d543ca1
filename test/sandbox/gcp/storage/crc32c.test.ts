import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32c } from '../../../../sandbox/gcp/storage/object-store.ts'

test('the checksum is that of RFC 3720 §B.4', () => {
  assert.equal(Buffer.from(crc32c(Buffer.alloc(32)), 'base64').toString('hex'), '8a9136aa')
  assert.equal(Buffer.from(crc32c(Buffer.alloc(32, 0xff)), 'base64').toString('hex'), '62a8ab43')
  assert.equal(crc32c(Buffer.from('123456789')), '4waSgw==') // e3069283, the check value of the CRC catalogue
})
