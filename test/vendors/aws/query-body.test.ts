import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parseXml, queryBody, queryError } from '../../../src/vendors/aws/query-body.ts'
import fc from '../../support/fast-check.ts'

const error = `<?xml version="1.0" encoding="UTF-8"?>
<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <Error>
    <Type>Sender</Type>
    <Code>InvalidIdentityToken</Code>
    <Message>No OpenIDConnect provider found in your account for https://a.example.com/?x=1&amp;y=&lt;2&gt; &#64;&#x40;</Message>
  </Error>
  <RequestId>5d0f3e0a</RequestId>
</ErrorResponse>
`

suite('a body of AWS’s query APIs', () => {
  test('has the same fields in XML and in JSON', () => {
    const inXml =
      '<R xmlns="https://iam.amazonaws.com/doc/"><A>1</A><Empty/><L><member>a</member><member><B>2</B></member></L></R>'
    const inJson = '{"R":{"A":"1","Empty":"","L":["a",{"B":"2"}]}}'
    assert.deepEqual(queryBody.decode(inXml), queryBody.decode(inJson))
  })

  test('states the code and the message of an error in either', () => {
    const message = 'No OpenIDConnect provider found in your account for https://a.example.com/?x=1&y=<2> @@'
    assert.deepEqual(queryError(queryBody.decode(error)), { code: 'InvalidIdentityToken', message })
    assert.deepEqual(queryError({ Error: { Code: 'AccessDenied', Message: 'no' } }), {
      code: 'AccessDenied',
      message: 'no',
    })
    assert.equal(queryError(queryBody.decode('<html><body>Sign in</body></html>')), undefined)
  })

  const refused: Record<string, string> = {
    'a document type, which can define entities': '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    'an unknown entity': '<a>&nbsp;</a>',
    'an ampersand': '<a>a & b</a>',
    'a comment': '<a><!-- b --></a>',
    CDATA: '<a><![CDATA[b]]></a>',
    'another attribute': '<a b="c">d</a>',
    'elements that overlap': '<a><b></a></b>',
    'an end without a start': '</a>',
    'a start without an end': '<a>',
    'two roots': '<a/><b/>',
    'text between elements': '<a>b<c/></a>',
    'a name that occurs twice': '<a><b>1</b><b>2</b></a>',
    'a code point that does not exist': '<a>&#x110000;</a>',
    'an empty body': '',
    'more than 16 levels': `${'<a>'.repeat(40)}${'</a>'.repeat(40)}`,
  }
  for (const [name, body] of Object.entries(refused)) {
    test(`is refused with ${name}`, () => assert.equal(parseXml(body), undefined))
  }

  test('of a million characters is refused', () => {
    assert.equal(parseXml(`<a>${'<member/>'.repeat(110_000)}</a>`), undefined)
    assert.equal(parseXml('<'.repeat(1_000_000)), undefined)
    assert.equal(parseXml(`<a>${'&'.repeat(1_000_000)}</a>`), undefined)
  })

  test('of any text is decoded or refused, without an exception', () => {
    const piece = fc.constantFrom(
      '<',
      '>',
      '/',
      'a',
      'member',
      '&amp;',
      '&',
      ';',
      '"',
      '<a>',
      '</a>',
      '<a/>',
      '<?xml version="1.0"?>',
      ' xmlns="b"',
    )
    fc.assert(fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => void queryBody.decode(pieces.join(''))))
  })
})
