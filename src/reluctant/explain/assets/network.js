// A small fully connected network and its training, in plain JavaScript.
//
// Points are arrays of numbers, classes 0 or 1. The network gives one number for each point, the log-odds of class 1. An activation is
// {f, slope}: two functions of one number.
"use strict";

const ReluctantNetwork = (() => {
  // Uniform numbers in [0, 1) that follow from a whole number (mulberry32).
  function generator(seed) {
    let state = seed >>> 0;
    return () => {
      state = (state + 0x6d2b79f5) >>> 0;
      let t = state;
      t = Math.imul(t ^ (t >>> 15), t | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
  }

  function normal(random) {
    return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  }

  // Layers of the given sizes. "default" is what torch.nn.Linear does, "he" is torch.nn.init.kaiming_normal_ with biases 0.
  function create(sizes, seed, initialisation) {
    const random = generator(seed);
    return sizes.slice(1).map((outputs, index) => {
      const inputs = sizes[index];
      const bound = 1 / Math.sqrt(inputs);
      const weight = () => (initialisation === "he" ? Math.sqrt(2 / inputs) * normal(random) : bound * (2 * random() - 1));
      const weights = Array.from({ length: outputs }, () => Array.from({ length: inputs }, weight));
      const biases = Array.from({ length: outputs }, () => (initialisation === "he" ? 0 : bound * (2 * random() - 1)));
      return { weights, biases };
    });
  }

  // What enters each layer's activation for one point, the last being the output.
  function inner(layers, point, activation) {
    const seen = [];
    let h = point;
    layers.forEach((layer, index) => {
      const z = layer.weights.map((row, unit) => row.reduce((sum, weight, input) => sum + weight * h[input], layer.biases[unit]));
      seen.push(z);
      h = index < layers.length - 1 ? z.map(activation.f) : z;
    });
    return seen;
  }

  function output(layers, point, activation) {
    return inner(layers, point, activation)[layers.length - 1][0];
  }

  // log(1 + exp(z)) - class * z, without overflow: the cross-entropy of one point.
  function pointLoss(z, one) {
    return Math.max(z, 0) - one * z + Math.log1p(Math.exp(-Math.abs(z)));
  }

  // The mean loss over all points and its gradient, by going back through the layers.
  function gradients(layers, points, classes, activation) {
    const sums = layers.map((layer) => ({
      weights: layer.weights.map((row) => row.map(() => 0)),
      biases: layer.biases.map(() => 0),
    }));
    let loss = 0;
    points.forEach((point, index) => {
      const seen = inner(layers, point, activation);
      const z = seen[layers.length - 1][0];
      loss += pointLoss(z, classes[index]) / points.length;
      let error = [(1 / (1 + Math.exp(-z)) - classes[index]) / points.length];
      for (let place = layers.length - 1; place >= 0; place--) {
        const h = place > 0 ? seen[place - 1].map(activation.f) : point;
        error.forEach((own, unit) => {
          sums[place].biases[unit] += own;
          h.forEach((value, input) => (sums[place].weights[unit][input] += own * value));
        });
        if (place > 0) {
          const below = seen[place - 1];
          error = below.map((value, input) => {
            const arrived = layers[place].weights.reduce((sum, row, unit) => sum + row[input] * error[unit], 0);
            return arrived * activation.slope(value);
          });
        }
      }
    });
    return { loss, layers: sums };
  }

  // One step of gradient descent, in place; the loss before it.
  function step(layers, points, classes, activation, rate) {
    const found = gradients(layers, points, classes, activation);
    layers.forEach((layer, place) => {
      layer.weights.forEach((row, unit) => row.forEach((_, input) => (row[input] -= rate * found.layers[place].weights[unit][input])));
      layer.biases.forEach((_, unit) => (layer.biases[unit] -= rate * found.layers[place].biases[unit]));
    });
    return found.loss;
  }

  // For each unit of each hidden layer, the share of points on which gradient passes it.
  function openShares(layers, points, activation) {
    const counts = layers.slice(0, -1).map((layer) => layer.biases.map(() => 0));
    points.forEach((point) => {
      const seen = inner(layers, point, activation);
      counts.forEach((layer, place) => layer.forEach((_, unit) => (layer[unit] += activation.slope(seen[place][unit]) !== 0 ? 1 : 0)));
    });
    return counts.map((layer) => layer.map((count) => count / points.length));
  }

  function accuracy(layers, points, classes, activation) {
    const right = points.filter((point, index) => output(layers, point, activation) > 0 === classes[index] > 0.5);
    return right.length / points.length;
  }

  return { accuracy, create, gradients, openShares, output, step };
})();
