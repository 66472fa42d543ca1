import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { compileExpression, ExpressionError } from '../../../sandbox/gcp/cel.ts'
import fc from '../../support/fast-check.ts'

const scope = {
  assertion: {
    sub: 'system:serviceaccount:image-system:pullpass',
    aud: ['one', 'two'],
    exp: 1795525200,
    'kubernetes.io': { namespace: 'image-system', serviceaccount: { name: 'pullpass' } },
    ref_protected: true,
  },
  google: { subject: 's', groups: ['admins'] },
  attribute: { namespace: 'image-system' },
}
const evaluate = (text: string) => compileExpression(text, Object.keys(scope))(scope)

suite('a CEL expression', () => {
  const values: Record<string, unknown> = {
    'assertion.sub': 'system:serviceaccount:image-system:pullpass',
    "assertion['kubernetes.io']['namespace']": 'image-system',
    'assertion["kubernetes.io"].serviceaccount.name': 'pullpass',
    "assertion['kubernetes.io']['namespace'] == 'image-system'": true,
    "assertion.sub != 'x'": true,
    "assertion.sub == 'x' || attribute.namespace == 'image-system'": true,
    "assertion.sub == 'x' && attribute.namespace == 'image-system'": false,
    'true || false && false': true,
    '(true || false) && false': false,
    "attribute.namespace in ['image-system', 'default']": true,
    "'admins' in google.groups": true,
    "'one' in assertion.aud && !('three' in assertion.aud)": true,
    "'sub' in assertion": true,
    "assertion.sub.startsWith('system:serviceaccount:image-system:')": true,
    "assertion.sub.endsWith(':default')": false,
    "assertion.sub.contains('image')": true,
    "'ns/' + attribute.namespace": 'ns/image-system',
    'assertion.aud[1]': 'two',
    'assertion.exp > 1795521600': true,
    'has(assertion.sub) && !has(assertion.email)': true,
    'assertion.ref_protected == true': true,
    "google.subject == 's'": true,
    "\"it\\'s\" == 'it\\'s'": true,
    "assertion.absent == 'x' || true": true,
    "assertion.absent == 'x' && false": false,
    '"" == \'\'': true,
    'size(assertion.aud) == 2': true,
    "assertion.sub.matches('^system:serviceaccount:')": true,
    "assertion.ref_protected ? 'protected' : 'open'": 'protected',
    "assertion.aud.exists(one, one == 'two')": true,
  }
  for (const [text, value] of Object.entries(values))
    test(`${text} is ${JSON.stringify(value)}`, () => assert.deepEqual(evaluate(text), value))

  const errors: Record<string, string> = {
    'assertion.absent': 'field not found: absent',
    "assertion.absent == 'x' || false": 'field not found: absent',
    'assertion.exp == 1 || assertion.sub': 'type mismatch: expected bool, got string',
    "assertion.exp.startsWith('1')": "found no matching overload for 'startsWith' applied to 'int.(string)'",
    'assertion.sub.startsWith()': "found no matching overload for 'startsWith' applied to 'string.()'",
    'assertion.sub < 1': "found no matching overload for '_<_' applied to '(string, int)'",
    'assertion.aud[2]': 'index 2 out of bounds [0, -1)',
    "'x' in assertion.sub": "found no matching overload for '@in' applied to '(string, string)'",
  }
  for (const [text, message] of Object.entries(errors))
    test(`${text} has no value`, () => assert.throws(() => evaluate(text), new ExpressionError(message)))

  const refused: Record<string, RegExp> = {
    '': /found end of input/,
    'assertion.': /found \. but expecting end of input/,
    'sub == 1': /^undeclared reference to 'sub'$/,
    "assertion.aud.exists(one, two == 'x')": /^undeclared reference to 'two'$/,
    "assertion.sub.extract('x')": /^undeclared reference to 'extract'$/,
    "assertion.sub = 'x'": /found = but expecting end of input/,
    "assertion.sub == 'x": /found = but expecting end of input/,
    "assertion.sub == 'x' 'y'": /found ' but expecting end of input/,
    'has(assertion)': /^invalid argument to has\(\) macro$/,
    '((true)': /found end of input but expecting '\)'/,
    "assertion['sub'": /found \[ but expecting end of input/,
  }
  for (const [text, message] of Object.entries(refused))
    test(`${text} is refused`, () =>
      assert.throws(
        () => compileExpression(text, Object.keys(scope)),
        (error: unknown) => error instanceof ExpressionError && message.test(error.message),
      ))

  test('any text has a value or is refused with an error', () => {
    const piece = fc.constantFrom(
      'assertion',
      '.sub',
      "['aud']",
      ' == ',
      ' in ',
      "'x'",
      '[',
      ']',
      '(',
      ')',
      '!',
      ' && ',
      ' || ',
      '1',
      ', ',
      'has(',
      '.startsWith(',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece).map((pieces) => pieces.join('')),
        ),
        (text) => {
          try {
            evaluate(text)
          } catch (error) {
            assert.ok(error instanceof ExpressionError)
          }
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('nesting of a thousand levels is refused', () => {
    assert.throws(() => evaluate('('.repeat(1000)), ExpressionError)
    assert.throws(() => evaluate('!'.repeat(1000)), ExpressionError)
  })
})
