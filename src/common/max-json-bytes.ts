import { registerDecorator } from 'class-validator';

/** Bounds the size of a value written as JSON, in bytes of UTF-8. */
export function MaxJsonBytes(maxBytes: number): PropertyDecorator {
  return (target, propertyKey) => {
    registerDecorator({
      name: 'maxJsonBytes',
      target: target.constructor,
      propertyName: String(propertyKey),
      options: { message: `takes at most ${maxBytes} bytes of JSON` },
      validator: { validate: (value: unknown) => Buffer.byteLength(JSON.stringify(value)) <= maxBytes },
    });
  };
}
