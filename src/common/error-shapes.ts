import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { GatewayError } from '../core/errors.js';
import { sendProblem } from './problem.js';

/** Routes whose errors are told in the shape of another API. */
export interface ErrorShape {
  isFor(request: Request): boolean;
  /** Sends the error; the answer has not begun. */
  send(request: Request, response: Response, error: GatewayError, requestId: string): void;
}

/** In which shape a request is told of its error: a problem document unless a room has said otherwise. */
@Injectable()
export class ErrorShapes {
  private readonly shapes: ErrorShape[] = [];

  register(shape: ErrorShape): void {
    this.shapes.push(shape);
  }

  /** Sends an error; an answer that has begun is cut off instead. */
  send(request: Request, response: Response, error: GatewayError, requestId: string): void {
    const shape = this.shapes.find((known) => known.isFor(request));
    if (shape === undefined || response.headersSent) sendProblem(response, error, requestId);
    else shape.send(request, response, error, requestId);
  }
}
