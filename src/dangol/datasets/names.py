"""Invented Korean names: regions as they are, schools that are not."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .drawing import Array, coded

REGIONS: Final = (
    *("서울", "부산", "대구", "인천", "광주", "대전", "울산", "세종", "경기"),
    *("강원", "충북", "충남", "전북", "전남", "경북", "경남", "제주"),
)
REGION_WEIGHTS: Final = (18, 6, 5, 6, 3, 3, 2, 1, 27, 3, 3, 4, 4, 4, 5, 7, 1)
_FIRST: Final = tuple("가나다라마바새한푸솔달별하누온미늘여든예")
_SECOND: Final = tuple("람빛솔울내들봄결찬샘밭꽃돌뜰길숲강별")
_THIRD: Final = ("", "나루", "마루", "누리", "터", "재", "골", "벌", "뫼", "동산", "가온", "중앙")
_ENDS: Final = ("고등학교", "여자고등학교", "남자고등학교")  # mixed, for girls, for boys
_STRIDE: Final = 137  # shares no factor with the number of names, so that neighbours sound different and none repeats


def school_names(kinds: Array) -> pa.Array:
    """Name schools, every one differently: syllables, a number where those are used up, and the kind of school."""
    size = len(_FIRST) * len(_SECOND) * len(_THIRD)
    place = np.arange(len(kinds))
    spoken = place * _STRIDE % size
    parts = (
        coded(spoken // len(_THIRD) // len(_SECOND), _FIRST),
        coded(spoken // len(_THIRD) % len(_SECOND), _SECOND),
        coded(spoken % len(_THIRD), _THIRD),
    )
    number = pc.if_else(
        pa.array(place < size), "", pc.binary_join_element_wise("제", pc.cast(place // size + 1, pa.string()), "")
    )
    ends = coded(kinds, _ENDS).dictionary_decode()
    return pc.binary_join_element_wise(*(part.dictionary_decode() for part in parts), number, ends, "")
