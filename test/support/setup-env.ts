// TypeORM and class-transformer read decorator metadata; the polyfill must be there before any class is defined.
import 'reflect-metadata';
