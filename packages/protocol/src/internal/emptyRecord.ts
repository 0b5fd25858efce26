/**
 * An empty record without a prototype: no name is inherited, and `__proto__` is a name like any other. Unlike those of
 * `Object.create(null)`, the instances share hidden classes.
 */
export const EmptyRecord = (() => {
  const constructor = function() {}
  constructor.prototype = Object.create(null)
  return constructor as unknown as new() => Record<string, string>
})()
