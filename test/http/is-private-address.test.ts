import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { suite, test } from 'node:test'
import { isPrivateAddress, publicLookup } from '../../src/http/addresses.ts'
import { AddressPrivate } from '../../src/http/transport.ts'

suite('an address that cannot be reached from the internet', () => {
  const inside = [
    '10.0.0.1',
    '127.0.0.1',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '100.64.0.1',
    '0.0.0.0',
    '255.255.255.255',
    '::1',
    '::',
    'fe80::1',
    'fd00::1',
    '::ffff:10.0.0.1',
    '::ffff:7f00:1',
    '::127.0.0.1',
    'fec0::1',
    '64:ff9b::10.0.0.1',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b::6440:1',
    '64:ff9b:1::1',
    '2002:a9fe:a9fe::1',
    '2002:c0a8:101::',
    '2001::1',
    '168.63.129.16',
    '192.88.99.1',
    '::ffff:0:10.0.0.1',
    '100:0:0:1::1',
    '2001:2::1',
    '2001:20::1',
    '5f00::1',
  ]
  for (const address of inside) {
    test(`is ${address}`, () => assert.ok(isPrivateAddress(address)))
  }

  const context = [
    '8.8.8.8',
    '172.15.255.255',
    '172.32.0.1',
    '100.128.0.1',
    '2606:4700::1111',
    '::ffff:8.8.8.8',
    '64:ff9b::8.8.8.8',
    '2002:808:808::1',
    '2001:4860:4860::8888',
    'none',
  ]
  for (const address of context) {
    test(`is not ${address}`, () => assert.ok(!isPrivateAddress(address)))
  }
})

suite('publicLookup', () => {
  const look = async (addresses: readonly string[], all: boolean) =>
    await new Promise((resolve) => {
      const found = addresses.map((address) => ({ address, family: isIP(address) }))
      const lookup = publicLookup((_name, _options, callback) => callback(null, found))
      lookup('sts.example.com', { all }, (...result) => resolve(result))
    })

  test('gives a connection the public addresses of a name, and no other', async () => {
    const mixed = ['10.0.0.1', '1.1.1.1', '::ffff:10.0.0.1', '2606:4700::1111']
    assert.deepEqual(await look(mixed, true), [
      null,
      [
        { address: '1.1.1.1', family: 4 },
        { address: '2606:4700::1111', family: 6 },
      ],
    ])
    assert.deepEqual(await look(mixed, false), [null, '1.1.1.1', 4])
  })

  test('fails with the addresses of a name that has no public one', async () => {
    assert.deepEqual(await look(['10.0.0.1', '127.0.0.1'], true), [new AddressPrivate(['10.0.0.1', '127.0.0.1']), []])
  })
})
