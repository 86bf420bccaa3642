"""The operations that a proof knows exactly, each by what it does to a form (see `affine`).

Whatever is not in the tables below is not understood, and neither is an argument that its function does not take.
Rearrangements are exact for any value. Everything else takes activations: weights and constants are only multiplied
with them or added to them, so that weights move straight along the segment wherever they meet activations.
"""

from collections.abc import Callable

import torch

from ramble.certificates import elementwise, layers, rearrangements
from ramble.certificates.affine import Form
from ramble.certificates.values import Value

aten = torch.ops.aten

# Of any value. A copy in the same number format is the same value; the graph is asked for its format.
REARRANGEMENTS: dict[object, Callable[..., Value]] = {
    **dict.fromkeys(
        (
            aten.view.default,
            aten.reshape.default,
            aten._unsafe_view.default,
            aten.flatten.using_ints,
            aten.unflatten.int,
            aten.squeeze.default,
            aten.squeeze.dim,
            aten.squeeze.dims,
            aten.unsqueeze.default,
            aten.alias.default,
            aten.clone.default,
            aten.contiguous.default,
            aten.detach.default,
            aten.lift_fresh_copy.default,
            aten._to_copy.default,
        ),
        rearrangements.reshape,
    ),
    aten.expand.default: rearrangements.expand,
    aten.permute.default: rearrangements.permute,
    aten.transpose.int: rearrangements.transpose,
    aten.t.default: rearrangements.transposed,
    aten.slice.Tensor: rearrangements.part,
    aten.select.int: rearrangements.select,
}
# Those that take the sizes of their result, of which the number of samples may be one; it is read from the graph.
SIZED = frozenset(
    target for target, done in REARRANGEMENTS.items() if done in (rearrangements.reshape, rearrangements.expand)
)
# Of activations.
OPERATIONS: dict[object, Callable[..., Form | tuple[Form, None, None]]] = {
    aten.linear.default: layers.linear,
    aten.mm.default: layers.product,
    aten.matmul.default: layers.product,
    aten.addmm.default: layers.product_and_sum,
    aten.conv1d.default: layers.convolution,
    aten.conv1d.padding: layers.convolution,
    aten.conv2d.default: layers.convolution,
    aten.conv2d.padding: layers.convolution,
    aten.convolution.default: layers.general_convolution,
    aten.max_pool1d.default: layers.max_pool,
    aten.max_pool2d.default: layers.max_pool,
    aten.avg_pool1d.default: layers.average_pool,
    aten.avg_pool2d.default: layers.average_pool,
    aten.adaptive_avg_pool1d.default: layers.adaptive_average_pool,
    aten.adaptive_avg_pool2d.default: layers.adaptive_average_pool,
    aten._adaptive_avg_pool2d.default: layers.adaptive_average_pool,
    aten.mean.dim: layers.mean,
    aten.sum.dim_IntList: layers.total,
    aten.relu.default: elementwise.relu,
    aten.leaky_relu.default: elementwise.leaky_relu,
    aten.abs.default: elementwise.absolute,
    aten.clamp.default: elementwise.clamp,
    aten.clamp_min.default: elementwise.clamp,
    aten.clamp_max.default: elementwise.clamp_max,
    aten.relu6.default: elementwise.relu6,
    aten.hardtanh.default: elementwise.hard_tanh,
    aten.maximum.default: elementwise.larger,
    aten.minimum.default: elementwise.smaller,
    aten.neg.default: elementwise.negative,
    aten.add.Tensor: elementwise.add,
    aten.add.Scalar: elementwise.add,
    aten.sub.Tensor: elementwise.subtract,
    aten.sub.Scalar: elementwise.subtract,
    aten.rsub.Scalar: elementwise.reversed_subtract,
    aten.mul.Tensor: elementwise.multiply,
    aten.mul.Scalar: elementwise.multiply,
    aten.div.Tensor: elementwise.divide,
    aten.div.Scalar: elementwise.divide,
    aten._native_batch_norm_legit_no_training.default: elementwise.batch_norm,
    aten.batch_norm.default: elementwise.batch_norm_or_training,
    aten.dropout.default: elementwise.inactive_dropout,
    aten.feature_dropout.default: elementwise.inactive_dropout,
    aten.alpha_dropout.default: elementwise.inactive_dropout,
    aten.feature_alpha_dropout.default: elementwise.inactive_dropout,
    aten.cat.default: rearrangements.concatenate,
    aten.constant_pad_nd.default: rearrangements.framed,
    aten.pad.default: rearrangements.general_pad,
}
