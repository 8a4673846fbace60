"""What the autograd operations do, by name: the vocabulary that graphs are classified with."""

from __future__ import annotations

import re

_SUFFIX = re.compile(r"Backward\d*$")
_DIMENSION = re.compile(r"(?<=[a-z])([123])_d(?=_|$)")
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def operation_name(node_name: str) -> str:
    """``MaxPool2DWithIndicesBackward0`` is ``max_pool2d_with_indices``."""
    bare = _SUFFIX.sub("", node_name.rsplit("::", 1)[-1])
    return _DIMENSION.sub(r"\1d", _WORD.sub("_", bare).lower())


VIEWS = frozenset(
    "view unsafe_view reshape_alias t transpose permute expand clone squeeze unsqueeze contiguous alias to_copy as_strided unbind slice "
    "split split_with_sizes unsafe_split chunk narrow detach flatten unflatten movedim swapaxes view_as_real view_as_complex values "
    "lift lift_fresh copy diagonal unfold pixel_shuffle pixel_unshuffle flip roll repeat expand_as view_dtype mkldnn_reorder "
    "to_mkldnn to_dense fill channel_shuffle native_channel_shuffle triu tril index_copy copy_slices _conj _neg_view real "
    "nested_tensor_from_mask_left_aligned".split()
)
"""Operations that move values about: left out of the graph when they have one input with gradient."""

SELECTIONS = frozenset("select index gather take index_select take_along_dim masked_select".split())
"""Parts of a tensor: kept as affine nodes, since a loss may pick its class this way."""

AFFINE = frozenset(
    "add sub neg rsub sum mean cat stack avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool2d adaptive_avg_pool3d mkldnn_adaptive_avg_pool2d "
    "constant_pad_nd reflection_pad2d replication_pad2d upsample_nearest2d upsample_bilinear2d upsample_nearest1d upsample_linear1d "
    "upsample_bicubic2d col2im im2col cumsum scatter_add index_add trace lerp nan_to_num fft_r2c fft_c2r fft_c2c addcmul std_mean".split()
)

MATRIX_PRODUCTS = frozenset("addmm mm bmm baddbmm addmv mv dot addbmm linear linalg_vecdot".split())

CONVOLUTIONS = frozenset("convolution cudnn_convolution mkldnn_convolution slow_conv2d thnn_conv2d slow_conv_transpose2d convolution_overrideable".split())

NORMALISATIONS = {
    "native_batch_norm": "batch_norm", "cudnn_batch_norm": "batch_norm", "native_layer_norm": "layer_norm", "native_group_norm": "group_norm",
    "miopen_batch_norm": "batch_norm", "batch_norm_elemt": "batch_norm", "fused_rms_norm": "layer_norm", "_fused_rms_norm": "layer_norm",
}

EMBEDDINGS = frozenset("embedding embedding_bag _embedding_bag embedding_dense".split())

RECURRENT = frozenset("mkldnn_rnn_layer _cudnn_rnn cudnn_rnn _thnn_fused_lstm_cell thnn_fused_lstm_cell thnn_fused_gru_cell lstm_mps miopen_rnn".split())

POOLING = frozenset(
    "max_pool2d_with_indices max_pool3d_with_indices max_pool1d_with_indices adaptive_max_pool2d adaptive_max_pool3d max_pool2d fractional_max_pool2d "
    "max min amax amin topk sort kthvalue median mode maximum minimum where masked_fill fmax fmin aminmax cummax".split()
)
"""Selections by value."""

ATTENTION = frozenset(
    "scaled_dot_product_flash_attention_for_cpu scaled_dot_product_efficient_attention scaled_dot_product_flash_attention "
    "scaled_dot_product_cudnn_attention _scaled_dot_product_flash_attention_for_cpu".split()
)

LOSSES = {
    "nll_loss": "nll_loss", "nll_loss2d": "nll_loss", "nll_loss_nd": "nll_loss", "binary_cross_entropy": "binary_cross_entropy",
    "binary_cross_entropy_with_logits": "binary_cross_entropy_with_logits", "mse_loss": "mse_loss", "smooth_l1_loss": "smooth_l1_loss",
    "huber_loss": "huber_loss", "soft_margin_loss": "soft_margin_loss", "multi_margin_loss": "multi_margin_loss",
    "multilabel_margin_loss": "multilabel_margin_loss", "ctc_loss": "ctc_loss", "_ctc_loss": "ctc_loss", "l1_loss": "l1_loss",
}
"""Loss operations that are one node."""

LOSS_FUNCTIONS = frozenset(
    "cross_entropy nll_loss binary_cross_entropy binary_cross_entropy_with_logits mse_loss l1_loss smooth_l1_loss huber_loss kl_div "
    "poisson_nll_loss gaussian_nll_loss hinge_embedding_loss margin_ranking_loss multi_margin_loss multilabel_margin_loss "
    "multilabel_soft_margin_loss soft_margin_loss cosine_embedding_loss triplet_margin_loss triplet_margin_with_distance_loss ctc_loss "
    "linear_cross_entropy".split()
)
"""torch.nn.functional's losses: several are made of many nodes."""

DROPOUT_FUNCTIONS = frozenset("dropout dropout1d dropout2d dropout3d alpha_dropout feature_alpha_dropout".split())
