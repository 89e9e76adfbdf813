import { registerDecorator } from 'class-validator';
import { isJsonObject } from '../core/json-rpc.js';

/** An object all of whose values are strings. */
export function IsStringRecord(): PropertyDecorator {
  return (target, propertyKey) => {
    registerDecorator({
      name: 'isStringRecord',
      target: target.constructor,
      propertyName: String(propertyKey),
      options: { message: 'takes an object whose values are strings' },
      validator: {
        validate: (value: unknown) =>
          isJsonObject(value) && Object.values(value).every((entry) => typeof entry === 'string'),
      },
    });
  };
}
