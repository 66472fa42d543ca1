/** Values that are written at once and take effect later: what is read back is not yet what decides. */

export interface DelayedValues<Value> {
  readonly write: (key: string, value: Value, effectiveAt: Date) => void
  readonly forget: (key: string) => void
  readonly latest: (key: string) => Value | undefined
  /** The last written of those whose time has come. */
  readonly effective: (key: string) => Value | undefined
  readonly keys: () => readonly string[]
  /** Each that was written and is not forgotten, whether its time has come or not. */
  readonly change: (edit: (value: Value) => Value) => void
}

export function createDelayedValues<Value>(now: () => Date): DelayedValues<Value> {
  const written = new Map<string, { value: Value; effectiveAt: Date }[]>()
  return {
    write(key, value, effectiveAt) {
      const earlier = written.get(key) ?? []
      const current = earlier.findLastIndex((entry) => entry.effectiveAt <= now())
      written.set(key, [...earlier.slice(Math.max(0, current)), { value, effectiveAt }])
    },
    forget: (key) => void written.delete(key),
    latest: (key) => written.get(key)?.at(-1)?.value,
    effective: (key) => written.get(key)?.findLast(({ effectiveAt }) => effectiveAt <= now())?.value,
    keys: () => [...written.keys()],
    change(edit) {
      for (const [key, values] of written)
        written.set(
          key,
          values.map(({ value, effectiveAt }) => ({ value: edit(value), effectiveAt })),
        )
    },
  }
}
