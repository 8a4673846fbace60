"""What the autograd operations do, by name: the vocabulary that graphs are classified with."""

from __future__ import annotations

import re
from typing import Literal

LayerKind = Literal["linear", "convolution", "recurrent", "embedding", "batch_norm", "layer_norm", "group_norm", "other"]

_SUFFIX = re.compile(r"Backward\d*$")
_DIMENSION = re.compile(r"(?<=[a-z])([123])_d(?=_|$)")
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def operation_name(node_name: str) -> str:
    """``MaxPool2DWithIndicesBackward0`` is ``max_pool2d_with_indices``."""
    bare = _SUFFIX.sub("", node_name.rsplit("::", 1)[-1])
    return _DIMENSION.sub(r"\1d", _WORD.sub("_", bare).lower())


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


VIEWS = _names(
    """alias as_strided channel_shuffle chunk clone contiguous copy copy_slices detach diagonal expand expand_as fill flatten flip
    index_copy lift lift_fresh mkldnn_reorder movedim narrow native_channel_shuffle permute pixel_shuffle pixel_unshuffle real
    repeat reshape_alias roll slice split split_with_sizes squeeze swapaxes t to_copy to_dense to_mkldnn transpose tril triu
    unbind unflatten unfold unsafe_split unsafe_view unsqueeze values view view_as_complex view_as_real view_dtype"""
)
"""Operations that move values about: left out of the graph when they have one input with gradient."""

SELECTIONS = _names("gather index index_select masked_select select take take_along_dim")
"""Parts of a tensor: kept as affine nodes, since a loss may pick its class this way."""

AFFINE = _names(
    """adaptive_avg_pool2d adaptive_avg_pool3d add avg_pool1d avg_pool2d avg_pool3d cat col2im constant_pad_nd cumsum fft_c2c fft_c2r
    fft_r2c im2col index_add mean mkldnn_adaptive_avg_pool2d nan_to_num neg reflection_pad2d replication_pad2d rsub scatter_add
    sparse_addmm stack sub sum trace upsample_bicubic2d upsample_bilinear2d upsample_linear1d upsample_nearest1d upsample_nearest2d"""
)

MATRIX_PRODUCTS = _names("addbmm addmm addmv baddbmm bmm dot lean_linear linalg_vecdot linear mm mv")
"""``lean_linear`` is the one in `reluctant.nn.LinearActivation`."""

CONVOLUTIONS = _names(
    "convolution convolution_overrideable cudnn_convolution mkldnn_convolution slow_conv2d slow_conv_transpose2d thnn_conv2d"
)

NORMALISATIONS: dict[str, LayerKind] = {
    **dict.fromkeys(_names("cudnn_batch_norm miopen_batch_norm native_batch_norm"), "batch_norm"),
    **dict.fromkeys(_names("_fused_rms_norm fused_rms_norm native_layer_norm"), "layer_norm"),
    "native_group_norm": "group_norm",
}

EMBEDDINGS = _names("embedding embedding_bag _embedding_bag embedding_dense")

RECURRENT = _names(
    "cudnn_rnn _cudnn_rnn lstm_mps miopen_rnn mkldnn_rnn_layer thnn_fused_gru_cell thnn_fused_lstm_cell _thnn_fused_lstm_cell"
)

LAYER_KINDS: dict[str, LayerKind] = {
    **NORMALISATIONS,
    **dict.fromkeys(CONVOLUTIONS, "convolution"),
    **dict.fromkeys(EMBEDDINGS, "embedding"),
    **dict.fromkeys(RECURRENT, "recurrent"),
    **dict.fromkeys(MATRIX_PRODUCTS, "linear"),
}
"""What kind of layer an operation with weights makes."""

POOLING = _names(
    """adaptive_max_pool2d adaptive_max_pool3d amax amin aminmax cummax fmax fmin fractional_max_pool2d kthvalue masked_fill max
    max_pool1d_with_indices max_pool2d max_pool2d_with_indices max_pool3d_with_indices maximum median min minimum mode sort topk
    where"""
)
"""Selections by value."""

ATTENTION = _names(
    """scaled_dot_product_cudnn_attention scaled_dot_product_efficient_attention scaled_dot_product_flash_attention
    scaled_dot_product_flash_attention_for_cpu _scaled_dot_product_flash_attention_for_cpu"""
)

HIDDEN = _names("checkpoint_function compiled_function differentiable_graph")
"""Whole parts of a network that autograd shows as one operation; of what they take it names what carries gradient only."""

LOSSES = {
    **{
        name: name
        for name in _names(
            """binary_cross_entropy binary_cross_entropy_with_logits ctc_loss huber_loss l1_loss mse_loss multi_margin_loss
            multilabel_margin_loss nll_loss smooth_l1_loss soft_margin_loss"""
        )
    },
    "nll_loss2d": "nll_loss",
    "_ctc_loss": "ctc_loss",
}
"""Loss operations that are one node."""

LOSS_FUNCTIONS = _names(
    """binary_cross_entropy binary_cross_entropy_with_logits cosine_embedding_loss cross_entropy ctc_loss gaussian_nll_loss
    hinge_embedding_loss huber_loss kl_div l1_loss linear_cross_entropy margin_ranking_loss mse_loss multi_margin_loss
    multilabel_margin_loss multilabel_soft_margin_loss nll_loss poisson_nll_loss smooth_l1_loss soft_margin_loss
    triplet_margin_loss triplet_margin_with_distance_loss"""
)
"""torch.nn.functional's losses: several are made of many nodes."""

DROPOUT_FUNCTIONS = _names("alpha_dropout dropout dropout1d dropout2d dropout3d feature_alpha_dropout")

NOT_NEGATIVE = _names("abs cdist exp linalg_vector_norm norm safe_softmax sigmoid softmax softplus sqrt square std var")
"""Operations whose results are never below 0."""
