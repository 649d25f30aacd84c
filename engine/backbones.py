"""The pretrained networks that can be stood on: torchvision's classification networks with a convolutional trunk.

Free of torch; numbers and files are those of torchvision's own enumeration (its default weights): a test compares them.
"""

import difflib

import msgspec

from fastai_tui.engine.errors import BadInput

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's, which all trunks here are given
ADDRESS = "https://download.pytorch.org/models/"
DEFAULT_MODEL = "resnet34"  # the lesson's
EMBEDDED, EMBEDDED_MODEL = "embedded", "mobilenet_v2"  # a trunk that comes with the program, and whose it is
USUAL = ("resnet34", "resnet18", "resnet50", "mobilenet_v2", "efficientnet_b0", "convnext_tiny", "densenet121")
ATTENTIVE = ("vit_", "swin_", "maxvit_")  # begin the names of torchvision's networks without such a trunk


class Backbone(msgspec.Struct, frozen=True):
    """A network by its name: how many parameters all of it and its trunk have, the channels that the trunk ends with,
    the `side` in pixels of the crops that it was trained for and to what the photo's shorter side was brought before
    (`resize`), and the file with its weights, of so many megabytes."""

    name: str
    parameters: int
    trunk_parameters: int
    channels: int
    side: int
    resize: int
    megabytes: int
    file: str

    @property
    def stride(self) -> int:
        """Pixels of the picture that a place of the trunk's last grid is wide."""
        return 16 if self.name.startswith("squeezenet") else 32

    @property
    def address(self) -> str:
        """Where its weights can be had."""
        return ADDRESS + self.file

    @property
    def digest(self) -> str:
        """The first characters of the SHA-256 of its weights, which torchvision puts into the file's name."""
        return self.file.rpartition("-")[2].partition(".")[0]


# fmt: off
_ROWS = (
    ("alexnet", 61_100_840, 2_469_696, 256, 224, 256, 244, "alexnet-owt-7be5be79.pth"),
    ("convnext_base", 88_591_464, 87_564_416, 1024, 224, 232, 354, "convnext_base-6075fbad.pth"),
    ("convnext_large", 197_767_336, 196_227_264, 1536, 224, 232, 791, "convnext_large-ea097f82.pth"),
    ("convnext_small", 50_223_688, 49_453_152, 768, 224, 230, 201, "convnext_small-0c510722.pth"),
    ("convnext_tiny", 28_589_128, 27_818_592, 768, 224, 236, 114, "convnext_tiny-983f1562.pth"),
    ("densenet121", 7_978_856, 6_953_856, 1024, 224, 256, 32, "densenet121-a639ec97.pth"),
    ("densenet161", 28_681_000, 26_472_000, 2208, 224, 256, 116, "densenet161-8d451a50.pth"),
    ("densenet169", 14_149_480, 12_484_480, 1664, 224, 256, 57, "densenet169-b2777c0a.pth"),
    ("densenet201", 20_013_928, 18_092_928, 1920, 224, 256, 81, "densenet201-c1103571.pth"),
    ("efficientnet_b0", 5_288_548, 4_007_548, 1280, 224, 256, 21, "efficientnet_b0_rwightman-7f5810bc.pth"),
    ("efficientnet_b1", 7_794_184, 6_513_184, 1280, 240, 255, 32, "efficientnet_b1-c27df63c.pth"),
    ("efficientnet_b2", 9_109_994, 7_700_994, 1408, 288, 288, 37, "efficientnet_b2_rwightman-c35c1473.pth"),
    ("efficientnet_b3", 12_233_232, 10_696_232, 1536, 300, 320, 49, "efficientnet_b3_rwightman-b3899882.pth"),
    ("efficientnet_b4", 19_341_616, 17_548_616, 1792, 380, 384, 78, "efficientnet_b4_rwightman-23ab8bcd.pth"),
    ("efficientnet_b5", 30_389_784, 28_340_784, 2048, 456, 456, 123, "efficientnet_b5_lukemelas-1a07897c.pth"),
    ("efficientnet_b6", 43_040_704, 40_735_704, 2304, 528, 528, 173, "efficientnet_b6_lukemelas-24a108a5.pth"),
    ("efficientnet_b7", 66_347_960, 63_786_960, 2560, 600, 600, 267, "efficientnet_b7_lukemelas-c5b4e57e.pth"),
    ("efficientnet_v2_l", 118_515_272, 117_234_272, 1280, 480, 480, 477, "efficientnet_v2_l-59c71312.pth"),
    ("efficientnet_v2_m", 54_139_356, 52_858_356, 1280, 480, 480, 218, "efficientnet_v2_m-dc08266a.pth"),
    ("efficientnet_v2_s", 21_458_488, 20_177_488, 1280, 384, 384, 87, "efficientnet_v2_s-dd5fe13b.pth"),
    ("googlenet", 6_624_904, 5_599_904, 1024, 224, 256, 52, "googlenet-1378be20.pth"),
    ("inception_v3", 27_161_264, 21_785_568, 2048, 299, 342, 109, "inception_v3_google-0cc3c7bd.pth"),
    ("mnasnet0_5", 2_218_512, 937_512, 1280, 224, 256, 9, "mnasnet0.5_top1_67.823-3ffadce67e.pth"),
    ("mnasnet0_75", 3_170_208, 1_889_208, 1280, 224, 232, 13, "mnasnet0_75-7090bc5f.pth"),
    ("mnasnet1_0", 4_383_312, 3_102_312, 1280, 224, 256, 18, "mnasnet1.0_top1_73.512-f206786ef8.pth"),
    ("mnasnet1_3", 6_282_256, 5_001_256, 1280, 224, 232, 25, "mnasnet1_3-a4c69d6f.pth"),
    ("mobilenet_v2", 3_504_872, 2_223_872, 1280, 224, 232, 14, "mobilenet_v2-7ebf99e0.pth"),
    ("mobilenet_v3_large", 5_483_032, 2_971_952, 960, 224, 232, 22, "mobilenet_v3_large-5c1a4163.pth"),
    ("mobilenet_v3_small", 2_542_856, 927_008, 576, 224, 256, 10, "mobilenet_v3_small-047dcff4.pth"),
    ("regnet_x_16gf", 54_278_536, 52_229_536, 2048, 224, 232, 218, "regnet_x_16gf-ba3796d7.pth"),
    ("regnet_x_1_6gf", 9_190_136, 8_277_136, 912, 224, 232, 37, "regnet_x_1_6gf-a12f2b72.pth"),
    ("regnet_x_32gf", 107_811_560, 105_290_560, 2520, 224, 232, 432, "regnet_x_32gf-6eb8fdc6.pth"),
    ("regnet_x_3_2gf", 15_296_552, 14_287_552, 1008, 224, 232, 62, "regnet_x_3_2gf-7071aa85.pth"),
    ("regnet_x_400mf", 5_495_976, 5_094_976, 400, 224, 232, 22, "regnet_x_400mf-62229a5f.pth"),
    ("regnet_x_800mf", 7_259_656, 6_586_656, 672, 224, 232, 29, "regnet_x_800mf-94a99ebd.pth"),
    ("regnet_x_8gf", 39_572_648, 37_651_648, 1920, 224, 232, 159, "regnet_x_8gf-2b70d774.pth"),
    ("regnet_y_128gf", 644_812_894, 637_419_894, 7392, 384, 384, 2581, "regnet_y_128gf_swag-c8ce3e52.pth"),
    ("regnet_y_16gf", 83_590_140, 80_565_140, 3024, 224, 232, 335, "regnet_y_16gf-3e4a00f9.pth"),
    ("regnet_y_1_6gf", 11_202_430, 10_313_430, 888, 224, 232, 45, "regnet_y_1_6gf-0d7bc02a.pth"),
    ("regnet_y_32gf", 145_046_770, 141_333_770, 3712, 224, 232, 581, "regnet_y_32gf-8db6d4b5.pth"),
    ("regnet_y_3_2gf", 19_436_338, 17_923_338, 1512, 224, 232, 78, "regnet_y_3_2gf-9180c971.pth"),
    ("regnet_y_400mf", 4_344_144, 3_903_144, 440, 224, 232, 18, "regnet_y_400mf-e6988f5f.pth"),
    ("regnet_y_800mf", 6_432_512, 5_647_512, 784, 224, 232, 26, "regnet_y_800mf-58fc7688.pth"),
    ("regnet_y_8gf", 39_381_472, 37_364_472, 2016, 224, 232, 158, "regnet_y_8gf-dc2b1b54.pth"),
    ("resnet101", 44_549_160, 42_500_160, 2048, 224, 232, 179, "resnet101-cd907fc2.pth"),
    ("resnet152", 60_192_808, 58_143_808, 2048, 224, 232, 242, "resnet152-f82ba261.pth"),
    ("resnet18", 11_689_512, 11_176_512, 512, 224, 256, 47, "resnet18-f37072fd.pth"),
    ("resnet34", 21_797_672, 21_284_672, 512, 224, 256, 87, "resnet34-b627a593.pth"),
    ("resnet50", 25_557_032, 23_508_032, 2048, 224, 232, 103, "resnet50-11ad3fa6.pth"),
    ("resnext101_32x8d", 88_791_336, 86_742_336, 2048, 224, 232, 356, "resnext101_32x8d-110c445d.pth"),
    ("resnext101_64x4d", 83_455_272, 81_406_272, 2048, 224, 232, 335, "resnext101_64x4d-173b62eb.pth"),
    ("resnext50_32x4d", 25_028_904, 22_979_904, 2048, 224, 232, 100, "resnext50_32x4d-1a0047aa.pth"),
    ("shufflenet_v2_x0_5", 1_366_792, 341_792, 1024, 224, 256, 6, "shufflenetv2_x0.5-f707e7126e.pth"),
    ("shufflenet_v2_x1_0", 2_278_604, 1_253_604, 1024, 224, 256, 9, "shufflenetv2_x1-5666bf0f80.pth"),
    ("shufflenet_v2_x1_5", 3_503_624, 2_478_624, 1024, 224, 232, 14, "shufflenetv2_x1_5-3c479a10.pth"),
    ("shufflenet_v2_x2_0", 7_393_996, 5_344_996, 2048, 224, 232, 30, "shufflenetv2_x2_0-8be3c8ee.pth"),
    ("squeezenet1_0", 1_248_424, 735_424, 512, 224, 256, 5, "squeezenet1_0-b66bff10.pth"),
    ("squeezenet1_1", 1_235_496, 722_496, 512, 224, 256, 5, "squeezenet1_1-b8a52dc0.pth"),
    ("vgg11", 132_863_336, 9_220_480, 512, 224, 256, 531, "vgg11-8a719046.pth"),
    ("vgg11_bn", 132_868_840, 9_225_984, 512, 224, 256, 532, "vgg11_bn-6002323d.pth"),
    ("vgg13", 133_047_848, 9_404_992, 512, 224, 256, 532, "vgg13-19584684.pth"),
    ("vgg13_bn", 133_053_736, 9_410_880, 512, 224, 256, 532, "vgg13_bn-abd245e5.pth"),
    ("vgg16", 138_357_544, 14_714_688, 512, 224, 256, 553, "vgg16-397923af.pth"),
    ("vgg16_bn", 138_365_992, 14_723_136, 512, 224, 256, 554, "vgg16_bn-6c64b313.pth"),
    ("vgg19", 143_667_240, 20_024_384, 512, 224, 256, 575, "vgg19-dcbb9e9d.pth"),
    ("vgg19_bn", 143_678_248, 20_035_392, 512, 224, 256, 575, "vgg19_bn-c79401a0.pth"),
    ("wide_resnet101_2", 126_886_696, 124_837_696, 2048, 224, 232, 508, "wide_resnet101_2-d733dc28.pth"),
    ("wide_resnet50_2", 68_883_240, 66_834_240, 2048, 224, 232, 276, "wide_resnet50_2-9ba9bcbe.pth"),
)
# fmt: on
BACKBONES = {row[0]: Backbone(*row) for row in _ROWS}


def backbone(name: str) -> Backbone:
    """The network called `name`; the embedded trunk's is `mobilenet_v2`. Raises `BadInput` for one that there is not,
    or that has no convolutional trunk."""
    if name == EMBEDDED:
        return BACKBONES[EMBEDDED_MODEL]
    if name in BACKBONES:
        return BACKBONES[name]
    others = f"and {len(BACKBONES) - len(USUAL)} more"
    if name.startswith(ATTENTIVE):
        raise BadInput(f"{name} has no convolutional trunk to stand on; {', '.join(USUAL)} {others} have.")
    if near := difflib.get_close_matches(name, BACKBONES, 3):
        raise BadInput(f"There is no network called {name!r} to stand on; did you mean {' or '.join(near)}?")
    raise BadInput(f"There is no network called {name!r} to stand on; there are {', '.join(USUAL)} {others}.")


def likely(parameters: int) -> list[str]:
    """The networks that have so many parameters, in all or in their trunk."""
    return [b.name for b in BACKBONES.values() if parameters in (b.parameters, b.trunk_parameters)]
