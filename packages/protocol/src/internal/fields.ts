/** Objects without prototype that, unlike those of `Object.create(null)`, keep V8's fast properties. */
export const Fields = (() => {
  const constructor = function() {}
  constructor.prototype = Object.create(null)
  return constructor as unknown as new() => Record<string, string>
})()
