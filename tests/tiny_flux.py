"""A Flux pipeline with random weights, small enough for tests, in the layout of diffusers."""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    FlowMatchEulerDiscreteScheduler,
    FluxControlNetModel,
    FluxControlNetPipeline,
    FluxTransformer2DModel,
)
from tokenizers import Tokenizer, models, pre_tokenizers
from torch import nn
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTokenizer,
    PreTrainedTokenizerFast,
    T5Config,
    T5EncoderModel,
)

SHAPE = {
    "in_channels": 16,
    "num_attention_heads": 2,
    "attention_head_dim": 16,
    "joint_attention_dim": 32,
    "pooled_projection_dim": 32,
    "axes_dims_rope": (4, 6, 6),
    "guidance_embeds": True,
}


def save_tiny_flux(folder: Path, controlnet: Path | None = None) -> None:
    """Writes a pipeline to `folder`; its ControlNet to `controlnet`, or with the rest."""
    torch.manual_seed(0)
    network = FluxControlNetModel(num_layers=1, num_single_layers=0, **SHAPE)
    for each in network.controlnet_blocks:
        nn.init.normal_(each.weight, std=0.3)
    pipeline = FluxControlNetPipeline(
        FlowMatchEulerDiscreteScheduler(shift=3.0, use_dynamic_shifting=True),
        _autoencoder(),
        CLIPTextModel(_clip()),
        _words(),
        T5EncoderModel(
            T5Config(
                vocab_size=40, d_model=32, d_kv=16, d_ff=32, num_layers=1, num_heads=2,
                tie_word_embeddings=False,
            )
        ),
        _pieces(),
        FluxTransformer2DModel(num_layers=1, num_single_layers=1, **SHAPE),
        network,
    )  # fmt: skip
    pipeline.save_pretrained(folder, safe_serialization=True)
    if controlnet is not None:
        (folder / "controlnet").rename(controlnet)


def _autoencoder() -> AutoencoderKL:
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        block_out_channels=(8, 16),
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=4,
        use_quant_conv=False,
        use_post_quant_conv=False,
        shift_factor=0.0,
        scaling_factor=1.0,
    )


def _clip() -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=40, hidden_size=32, intermediate_size=32, num_hidden_layers=1,
        num_attention_heads=2, projection_dim=32, max_position_embeddings=77, bos_token_id=38,
        eos_token_id=39, pad_token_id=39,
    )  # fmt: skip


def _words() -> CLIPTokenizer:
    letters = "abcdefghijklmnopqrs"
    vocab = {each: at for at, each in enumerate([*letters, *(f"{each}</w>" for each in letters)])}
    vocab |= {"<|startoftext|>": 38, "<|endoftext|>": 39}
    return CLIPTokenizer(vocab=vocab, merges=[], model_max_length=77)


def _pieces() -> PreTrainedTokenizerFast:
    vocab = {"<pad>": 0, "</s>": 1, "<unk>": 2, "one": 3, "cell": 4, "cartoon": 5}
    made = Tokenizer(models.WordLevel(vocab, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=made, unk_token="<unk>", pad_token="<pad>", eos_token="</s>",
        model_max_length=512,
    )  # fmt: skip
