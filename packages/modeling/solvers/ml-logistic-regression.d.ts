declare module 'ml-logistic-regression' {
  import type { Matrix } from 'ml-matrix';

  interface TwoClasses {
    /** 1 × columns; set by `train`. */
    readonly weights: Matrix | null;
    /** P(class ≠ the one of this classifier), per row. */
    testScores(features: Matrix): number[];
  }

  class LogisticRegression {
    constructor(options?: { numSteps?: number; learningRate?: number });
    /** One classifier per class, in order of class. */
    readonly classifiers: TwoClasses[];
    train(features: Matrix, classes: Matrix): void;
  }

  export = LogisticRegression;
}
