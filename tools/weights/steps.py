"""What a step of ``tools.weights.pretrain`` takes beside the network: pictures, rate, and one convolution."""

from __future__ import annotations

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np


def rate_at(progress: float, peak: float, warmup: float) -> float:
    """Return the learning rate: a straight rise to ``peak``, then a cosine to 0. ``progress`` is 0-1."""
    if progress < warmup:
        return peak * (progress + 0.002) / warmup
    return peak * 0.5 * (1 + math.cos(math.pi * min(1.0, (progress - warmup) / (1 - warmup))))


def batches(seed: int, count: int, batch: int, first: int, steps: int) -> np.ndarray:
    """Return which pictures the steps from ``first`` on take: int (steps, batch), a function of the step."""
    a_epoch = count // batch

    @functools.lru_cache(2)
    def order(epoch: int) -> np.ndarray:
        return np.random.default_rng([seed, epoch]).permutation(count)

    places = (divmod(step, a_epoch) for step in range(first, first + steps))
    return np.stack([order(epoch)[place * batch : (place + 1) * batch] for epoch, place in places])


def cut(image, key, size: int, low: float):
    """Return a random part (``low``: least share of the area) of a uint8 picture: float32 (size, size, 3).

    Half of the pictures are mirrored; light, contrast and colour change a little.
    """
    keys, side = jax.random.split(key, 5), image.shape[0]
    area = jax.random.uniform(keys[0], minval=low) * side**2
    ratio = jnp.exp(jax.random.uniform(keys[1], minval=jnp.log(3 / 4), maxval=jnp.log(4 / 3)))
    part = jnp.clip(jnp.sqrt(jnp.stack([area / ratio, area * ratio])), 8, side)
    corner = jax.random.uniform(keys[2], (2,)) * (side - part)
    x = jax.image.scale_and_translate(
        image.astype(jnp.float32), (size, size, 3), (0, 1), size / part, -corner * size / part, "linear"
    )
    x = jnp.where(jax.random.bernoulli(keys[3]), x[:, ::-1], x)
    light, contrast, colour = jax.random.uniform(keys[4], (3,), minval=0.7, maxval=1.3)
    x = x * light
    x = x.mean() + contrast * (x - x.mean())
    grey = (x @ jnp.array([0.299, 0.587, 0.114]))[..., None]
    return jnp.clip(grey + colour * (x - grey), 0, 255)


def depthwise_by_shifts(inputs, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
    """Return ``keras.ops.depthwise_conv`` as a sum of shifted products: on a GPU XLA's own is far slower.

    For channels last, no dilation, a depth multiplier of 1 and, with ``padding="same"``, strides of 1.
    """
    stride = strides if isinstance(strides, int) else strides[0]
    kernel = jnp.asarray(kernel)
    rows, columns = kernel.shape[:2]
    if padding == "same":
        border = [((n - 1) // 2, n // 2) for n in (rows, columns)]
        inputs = jnp.pad(inputs, ((0, 0), *border, (0, 0)))
    height, width = ((inputs.shape[1 + a] - kernel.shape[a]) // stride + 1 for a in (0, 1))
    total = jnp.zeros((), jnp.float32)
    for i in range(rows):
        for j in range(columns):
            seen = inputs[:, i : i + stride * height : stride, j : j + stride * width : stride]
            total += seen[:, :height, :width].astype(jnp.float32) * kernel[i, j, :, 0].astype(jnp.float32)
    return total.astype(inputs.dtype)
