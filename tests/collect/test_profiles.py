"""``merge_profiles``: 940 published accounts, cases by hand, invented exports against the oracle; forms and errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangol.collect import merge_profiles
from dangol.core.errors import InputError
from dangol.core.result import Result
from tests.oracles import collect as oracle
from tests.oracles.strategies import effort

PROFILE = ["account", "post", "follower", "follow", "open_account", "official_account"]
MEANS = ["account", *(f"{kind}_{measure}" for kind in ("image", "video", "igtv") for measure in ("love", "comment"))]


def account(result: Result, side: str = "profiles") -> dict[str, int]:
    """The counts of rows that are not zero; in is the sum of the others, wherever it is looked."""
    table = result.tables["account"].set_index("what")[side]
    assert table["in"] == table.drop("in").sum()
    return {what: count for what, count in table.to_dict().items() if count}


def dropped(result: Result) -> dict[str, str]:
    table = result.tables["dropped"]
    return dict(zip(table["account"], table["reason"], strict=True))


# ---- 940 accounts, and the 929 that were published of them --------------------------------------------------------


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    return shared_data / "influencers"


@pytest.fixture(scope="module")
def published(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "influencers.csv").set_index("account")


@pytest.fixture(scope="module")
def again(published: pd.DataFrame) -> pd.DataFrame:
    """The one account that the source collected anew, as the published file has it."""
    return published.loc[["acct_0924"]].reset_index()


@pytest.fixture(scope="module")
def merged(folder: Path, again: pd.DataFrame) -> Result:
    return merge_profiles([folder / "profiles.csv", again[PROFILE]], [folder / "posts.csv", again[MEANS]])


def test_thirteen_of_940_have_no_posts(folder: Path) -> None:
    """Counted in posts.csv with pandas: ``(table.drop(columns="account") == 0).all(axis=1).sum()`` is 13."""
    made = merge_profiles(folder / "profiles.csv", folder / "posts.csv")
    assert account(made) == account(made, "posts") == {"in": 940, "merged": 927, "no_metrics": 13}
    assert made.summary().startswith(
        "Merged 927 of 940 accounts; left out 13. Left out, without metrics of posts: 13 ("
    )
    assert made.units(reason="no_metrics").isin(["acct_0014", "acct_0924"]).sum() == 2
    # pairs of zeros in posts.csv, by pandas: image 15, video 389, igtv 855; 13 accounts with three pairs are left out
    assert f"became missing: {15 + 389 + 855 - 3 * 13:,}" in made.summary()


def test_940_become_928_and_the_published_929th_is_told(merged: Result, published: pd.DataFrame) -> None:
    """940 = 927 + 13; one of the 13 was collected anew (928); the source kept acct_0014 with zeros (929)."""
    assert account(merged) == account(merged, "posts") == {"in": 941, "merged": 928, "no_metrics": 12, "replaced": 1}
    ours = set(merged.table["account"])
    assert set(published.index) - ours == {"acct_0014"}
    assert ours - set(published.index) == set()
    assert dropped(merged)["acct_0014"] == "no_metrics"
    assert "acct_0014" in merged.summary()
    assert "Rows that a later export replaces: 1 of profiles, 1 of posts." in merged.summary()


def test_what_was_published_is_what_we_merge(merged: Result, published: pd.DataFrame) -> None:
    ours, theirs = merged.table.set_index("account"), published.loc[merged.table["account"]]
    for name in PROFILE[1:]:
        assert (ours[name] == theirs[name]).all(), name
    for name in MEANS[1:]:  # zero there is either zero or missing here
        assert (ours[name].fillna(0) == theirs[name]).all(), name
    missing = ours["ER"].isna()
    assert ours.index[missing].tolist() == ["acct_0155", "acct_0715"]  # no image posts; published as rates of zero
    assert (theirs.loc[missing, ["ER", "active_rate"]] == 0).all(axis=None)
    exact = ~missing & (ours.index != "acct_0924")
    for name in ("ER", "active_rate"):
        assert exact.sum() == 925
        assert ours.loc[exact, name].to_numpy() == pytest.approx(theirs.loc[exact, name].to_numpy(), rel=1e-9, abs=1e-9)
        # of the account collected anew the means were published as whole numbers, its rates from the unrounded ones
        assert ours.loc["acct_0924", name] == pytest.approx(theirs.loc["acct_0924", name], rel=1e-3)


def test_all_929_are_there_where_one_is_kept_on_purpose(
    folder: Path, again: pd.DataFrame, published: pd.DataFrame
) -> None:
    exports = [folder / "profiles.csv", again[PROFILE]], [folder / "posts.csv", again[MEANS]]
    made = merge_profiles(*exports, keep=["acct_0014"])
    assert set(made.table["account"]) == set(published.index)
    kept = made.table.set_index("account").loc["acct_0014"]
    assert kept[[*MEANS[1:], "ER", "active_rate"]].isna().all()
    assert kept["follower"] == 71664
    assert "Kept as asked without metrics of posts: 1 (acct_0014); their means are missing." in made.summary()
    assert "요청에 따라 남긴 계정 1개: acct_0014" in made.summary("ko")
    everybody = merge_profiles(*exports, keep_empty=True)
    assert account(everybody) == {"in": 941, "merged": 940, "replaced": 1}


# ---- by hand ------------------------------------------------------------------------------------------------------

PEOPLE = pd.DataFrame({"account": ["a", "b", "c", "d"], "follower": [100, 50, 0, 10], "name": ["가", "나", "다", "라"]})
POSTS = pd.DataFrame(
    {
        "account": ["a", "a", "a", "b", "b", "c", "x"],
        "type": ["IMAGE", "image", "reels", "video", "video", "carousel_album", "image"],
        "like_count": [10.0, 20.0, 6.0, 4.0, None, 7.0, 1.0],
        "comments_count": [1.0, 4.0, 2.0, None, None, 3.0, 1.0],
    }
)


def test_means_of_posts_by_hand() -> None:
    made = merge_profiles(PEOPLE, POSTS)
    table = made.table.set_index("account")
    assert list(made.table.columns) == [
        *("account", "follower", "name", "image_love", "image_comment", "image_posts"),
        *("video_love", "video_comment", "video_posts", "ER", "active_rate"),
    ]
    a, b, c = (table.loc[name] for name in "abc")
    assert (a["image_love"], a["image_comment"], a["image_posts"]) == (15.0, 2.5, 2)
    assert (a["video_love"], a["video_comment"], a["video_posts"]) == (6.0, 2.0, 1)
    assert (a["ER"], a["active_rate"]) == (17.5, 15.625)  # 100·17.5/100, 100·2.5/16
    assert (b["video_love"], b["video_posts"], b["image_posts"]) == (4.0, 2, 0)
    assert pd.isna(b[["image_love", "image_comment", "video_comment", "ER", "active_rate"]].to_list()).all()
    assert pd.isna(c["ER"])  # no followers
    assert c["active_rate"] == 37.5  # 100·3/8
    assert dropped(made) == {"d": "no_posts", "x": "no_profile"}
    assert account(made) == {"in": 4, "merged": 3, "no_posts": 1}
    assert account(made, "posts") == {"in": 7, "merged": 6, "no_profile": 1}
    assert made.summary() == (
        "Merged 3 of 5 accounts; left out 2. Left out, not in the posts: 1 (d). Left out, in the posts alone: 1 (x). "
        "Posts that do not tell their likes: 1; the means of likes leave them out. "
        "ER is missing for 2 of the merged accounts: no mean over images, or no followers."
    )
    assert made.summary("ko") == (
        "계정 5개 가운데 3개를 병합하고 2개를 제외했습니다. "
        "게시물 자료에 없는 계정 1개: d. 프로필 자료에 없는 계정 1개: x. "
        "좋아요 수를 공개하지 않은 게시물 1건은 좋아요 평균에서 제외했습니다. "
        "병합한 계정 가운데 2개는 이미지 게시물 평균이나 팔로워가 없어 ER을 계산하지 않았습니다."
    )
    assert made.units().tolist() == ["a", "b", "c"]
    assert made.units(reason="no_posts").tolist() == ["d"]
    assert made.units(reason="no_metrics").tolist() == []


def test_types_may_be_kept_apart() -> None:
    made = merge_profiles(PEOPLE, POSTS, types={})
    assert [name for name in made.table.columns if name.endswith("_posts")] == [
        *("carousel_album_posts", "image_posts", "reels_posts", "video_posts")
    ]
    assert made.table.set_index("account")["active_rate"].isna().to_dict() == {"a": False, "b": True, "c": True}


def test_means_as_given_and_the_pairs_of_zeros() -> None:
    means = pd.DataFrame(
        {
            "account": ["a", "b", "c", "d"],
            "image_love": [5.0, 0.0, 0.0, 0.0],
            "image_comment": [0.0, 0.0, 2.0, 0.0],
            "video_love": [0.0, 3.0, 0.0, 0.0],
            "video_comment": [0.0, 1.0, 0.0, 0.0],
        }
    )
    made = merge_profiles(PEOPLE, means)
    table = made.table.set_index("account")
    assert table["image_love"].to_dict() == {"a": 5.0, "b": pytest.approx(np.nan, nan_ok=True), "c": 0.0}
    assert table.loc["a", "active_rate"] == 0.0  # likes and no comments: there are posts
    assert dropped(made) == {"d": "no_metrics"}
    assert "became missing: 3." in made.summary()


def test_a_later_export_replaces_all_of_an_account() -> None:
    newer = pd.DataFrame({"account": ["b", "e"], "follower": [500, 9], "name": ["나", "마"]})
    fresh = pd.DataFrame({"account": ["a", "e"], "type": ["image"] * 2, "like_count": [2, 4], "comments_count": [1, 1]})
    made = merge_profiles([PEOPLE, newer], [POSTS, fresh])
    table = made.table.set_index("account")
    assert table.index.tolist() == ["a", "b", "c", "e"]
    assert (table.loc["b", "follower"], table.loc["a", "image_love"], table.loc["a", "image_posts"]) == (500, 2.0, 1)
    assert table.loc["a", "video_posts"] == 0
    assert np.isnan(table.loc["a", "video_love"])
    assert account(made) == {"in": 6, "merged": 4, "no_posts": 1, "replaced": 1}
    assert account(made, "posts") == {"in": 9, "merged": 5, "no_profile": 1, "replaced": 3}


def test_means_and_posts_may_be_mixed() -> None:
    means = pd.DataFrame({"account": ["d"], "image_love": [3.0], "image_comment": [1.0]})
    made = merge_profiles(PEOPLE, [means, POSTS])
    posts = made.table.set_index("account")["image_posts"]
    assert posts.dropna().to_dict() == {"a": 2, "b": 0, "c": 1}  # how many are behind given means is not known
    assert str(posts.dtype) == "Int64"


def test_repeats_and_rows_without_an_account_are_counted() -> None:
    people = pd.concat([PEOPLE, PEOPLE.tail(1), pd.DataFrame({"account": [None, "  "], "follower": [1, 2]})])
    posts = POSTS.assign(id=range(len(POSTS)))
    posts = pd.concat([posts, posts.head(2), pd.DataFrame({"account": [""], "type": ["image"]})])
    made = merge_profiles(people, posts)
    assert account(made) == {"in": 7, "merged": 3, "no_posts": 1, "no_account": 2, "duplicate": 1}
    assert account(made, "posts") == {"in": 10, "merged": 6, "no_profile": 1, "no_account": 1, "duplicate": 2}
    assert made.table.set_index("account").loc["a", "image_posts"] == 2
    told = made.summary()
    assert "Repeated rows: 1 of profiles, 2 of posts. Rows without an account: 2 of profiles, 1 of posts." in told
    twice = merge_profiles(PEOPLE, pd.concat([POSTS, POSTS]))  # without ids, equal posts are two posts
    assert twice.table.set_index("account").loc["a", "image_posts"] == 4


def test_nothing_merged_is_said_first() -> None:
    made = merge_profiles(PEOPLE.head(1), POSTS.tail(1))
    assert made.summary().startswith("No account was merged: of 2, none has both a profile and metrics of posts.")
    assert made.summary("ko").startswith("병합한 계정이 없습니다. 계정 2개 가운데")
    assert list(made.table.columns[-2:]) == ["ER", "active_rate"]


def test_without_images_the_rates_are_missing() -> None:
    made = merge_profiles(PEOPLE, POSTS[POSTS["type"] == "video"])
    assert made.table[["ER", "active_rate"]].isna().all(axis=None)


def test_how_and_recipe(tmp_path: Path) -> None:
    PEOPLE.to_csv(tmp_path / "people.csv", index=False)
    made = merge_profiles(tmp_path / "people.csv", [POSTS], keep=["d"])
    assert made.explain()["n"] == "4 rows of profiles, 7 rows of posts"
    assert "(image_love + image_comment) / follower × 100" in made.explain("ko")["denominator"]
    assert made.recipe["parameters"]["profiles"] == str(tmp_path / "people.csv")
    assert made.recipe["parameters"]["posts"] == ["(a table)"]
    json.dumps(made.recipe)
    assert "| what | profiles | posts |" in made.to_markdown()


# ---- invented exports against the oracle --------------------------------------------------------------------------

NAMES = st.sampled_from(["a", "b", "c", "d", "e"])
COUNT = st.none() | st.integers(0, 5)
PERSON = st.fixed_dictionaries({"account": NAMES | st.none(), "follower": st.integers(0, 50)})
POST = st.fixed_dictionaries(
    {
        "account": NAMES | st.none(),
        "type": st.sampled_from(["image", "video", "reels", "carousel_album", "igtv"]),
        "like_count": COUNT,
        "comments_count": COUNT,
    }
)
PEOPLES = st.lists(
    st.lists(PERSON, min_size=1, max_size=6, unique_by=lambda row: row["account"]), min_size=1, max_size=3
)
MEDIA = st.lists(st.lists(POST, min_size=1, max_size=9), min_size=1, max_size=3)


@effort(40)
@given(PEOPLES, MEDIA, st.booleans())
def test_the_oracle_agrees(people: list[Any], media: list[Any], keep: bool) -> None:
    known = {row["account"] for export in people for row in export if row["account"]}
    kept = sorted(known)[:1] if keep else []
    wanted = oracle.merge(people, media, kept)
    columns = ["account", "type", "like_count", "comments_count"]
    made = merge_profiles(
        [pd.DataFrame(export) for export in people],
        [pd.DataFrame(export, columns=columns) for export in media],
        keep=kept,
    )
    assert made.table["account"].tolist() == list(wanted["merged"])
    assert dropped(made) == wanted["dropped"]
    for side in ("profiles", "posts"):
        assert account(made, side) == {what: count for what, count in wanted[side].items() if count}
    for _, row in made.table.iterrows():
        expected = wanted["merged"][row["account"]]
        for name in made.table.columns[1:]:
            value = expected.get(name, 0 if name.endswith("_posts") and set(expected) & {"image_posts"} else None)
            if name.endswith("_posts") and name not in expected:
                assert pd.isna(row[name]) or row[name] == 0
            elif value is None:
                assert pd.isna(row[name]), name
            else:
                assert row[name] == pytest.approx(value), name


# ---- forms --------------------------------------------------------------------------------------------------------

CSV = "account,follower,도시\n007,100,서울\n8,50,부산\n"


@pytest.mark.parametrize(
    "form", ["utf-8", "utf-8-sig", "cp949", "semicolon", "tab", "json", "jsonl", "data", "parquet"]
)
def test_every_form_is_read_alike(tmp_path: Path, form: str) -> None:
    path, records = tmp_path / "people", [
        {"account": "007", "follower": 100, "도시": "서울"},
        {"account": "8", "follower": 50, "도시": "부산"},
    ]  # fmt: skip
    if form in ("semicolon", "tab"):
        path.write_text(CSV.replace(",", ";" if form == "semicolon" else "\t"), encoding="utf-8")
    elif form in ("json", "data"):
        path.write_text(
            json.dumps({"data": records} if form == "data" else records, ensure_ascii=False), encoding="utf-8"
        )
    elif form == "jsonl":
        path.write_text("\n".join(json.dumps(one) for one in records) + "\n\n", encoding="utf-8")
    elif form == "parquet":
        pd.DataFrame(records).to_parquet(path)
    else:
        path.write_bytes(CSV.encode(form))
    posts = tmp_path / "posts.csv"
    posts.write_text("account,type,likes,comments\n007,image,9,1\n8, image ,4,\n", encoding="utf-8")
    made = merge_profiles(path, str(posts))
    assert made.table["account"].tolist() == ["007", "8"]
    assert made.table["도시"].tolist() == ["서울", "부산"]
    assert made.table["follower"].dtype == "int64"
    assert made.table["ER"].tolist() == [10.0, pytest.approx(np.nan, nan_ok=True)]


def test_na_is_a_name(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("account,follower,note\nNA,10,null\nb,20,\n", encoding="utf-8")
    (tmp_path / "posts.csv").write_text("account,type,likes,comments\nNA,image,3,1\nb,image,1,1\n", encoding="utf-8")
    table = merge_profiles(tmp_path / "people.csv", tmp_path / "posts.csv").table
    assert table["account"].tolist() == ["NA", "b"]
    assert table["note"].isna().tolist() == [False, True]


def test_an_arrow_table_and_another_name_of_the_account() -> None:
    import pyarrow as pa

    people = pa.table({"id": pa.array(["a", "b"]).dictionary_encode(), "followers_count": [10, 20]})
    posts = pa.table({"id": ["a"], "media_type": ["IMAGE"], "like_count": [3], "comments_count": [1]})
    made = merge_profiles(people, posts, account="id")
    assert made.table.columns[0] == "id"
    assert made.table.iloc[0].tolist() == ["a", 10, 3.0, 1.0, 1, 40.0, 25.0]
    assert made.units().tolist() == ["a"]


# ---- what cannot be merged ----------------------------------------------------------------------------------------

BAD_POSTS = {
    "several different rows for 'a'": pd.DataFrame(
        {"account": ["a", "a"], "image_love": [1, 2], "image_comment": [1, 1]}
    ),
    "has a column 'image_love' and no 'image_comment'": pd.DataFrame({"account": ["a"], "image_love": [1]}),
    "is no export of posts: it needs either means": pd.DataFrame({"account": ["a"], "like_count": [1]}),
    "holds '1,234' for 'a'; counts are numbers": POSTS.astype({"like_count": "object"}).replace(10.0, "1,234"),
    "holds '-1.0' for 'a'; counts are numbers": POSTS.replace(10.0, -1.0),
    "holds 'inf' for 'a'; counts are numbers": POSTS.replace(10.0, np.inf),
    "has a post of 'b' without a type": POSTS.replace("video", ""),
    "several different rows for the post '1' of 'a'": POSTS.assign(id=[1, 1, 2, 3, 4, 5, 6]),
    "column 'account' is not in the table of posts; did you mean 'acount'": POSTS.rename(columns={"account": "acount"}),
    "holds no rows": POSTS.head(0),
    "holds decimal numbers; give the accounts as text": POSTS.assign(account=1.5),
    "column 'type' of the table of posts holds lists": POSTS.assign(type=[["image"]] * 7),
    "must be a path or a table, found int": 3,
    "is an empty list": [],
}


@pytest.mark.parametrize("told", BAD_POSTS)
def test_posts_that_cannot_be_merged(told: str) -> None:
    with pytest.raises(InputError) as raised:
        merge_profiles(PEOPLE, BAD_POSTS[told])
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)


BAD_PROFILES = {
    "several different rows for 'a'": pd.DataFrame({"account": ["a", "a"], "follower": [1, 2]}),
    "column 'follower' is not in the profiles; it has": pd.DataFrame({"account": ["a"], "fans": [1]}),
    "have a column 'ER', which comes from the posts": PEOPLE.assign(ER=1.0),
    "have a column 'image_love', which comes from the posts": PEOPLE.assign(image_love=1.0),
    "have a column 'image_posts', which comes from the posts": PEOPLE.assign(image_posts=1),
    "column 'name' is str in one export and number": [PEOPLE, PEOPLE.assign(name=1)],
    "column 'follower' of the profiles holds 'many' for 'a'": PEOPLE.assign(follower="many"),
}


@pytest.mark.parametrize("told", BAD_PROFILES)
def test_profiles_that_cannot_be_merged(told: str) -> None:
    with pytest.raises(InputError) as raised:
        merge_profiles(BAD_PROFILES[told], POSTS)
    assert told in str(raised.value)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"account": ""}, "must be the name of a column"),
        ({"types": {"reels": 1}}, "must say which types count as another"),
        ({"keep": "a"}, "must be a list of accounts"),
        ({"keep": ["aa"]}, "account 'aa' is not in the profiles; did you mean 'a'"),
        ({"follower": "fans"}, "column 'fans' is not in the profiles"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError) as raised:
        merge_profiles(PEOPLE, POSTS, **options)
    assert told in str(raised.value)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "x.csv is empty"),
        (b"a,b\n1\n", "x.csv cannot be read as a table: "),
        (b"account,follower,follower\na,1,2\n", "has several columns 'follower'"),
        (b"\xff\xfe\x00\xff", "is neither UTF-8 nor CP949"),
        (b"PK\x03\x04rest", "is packed or an Excel file; save it as CSV"),
        (b"[1, 2]", "must hold JSON objects"),
        (b"{broken", "cannot be read as a table"),
        (b"PAR1broken", "cannot be read as a table"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, data: bytes, told: str) -> None:
    (tmp_path / "x.csv").write_bytes(data)
    with pytest.raises(InputError) as raised:
        merge_profiles(tmp_path / "x.csv", POSTS)
    assert told in str(raised.value)
    with pytest.raises(InputError, match=r"none\.csv cannot be read: No such file"):
        merge_profiles(tmp_path / "none.csv", POSTS)


def test_a_reason_that_is_none() -> None:
    with pytest.raises(InputError, match="reason 'no_post' is not in the merge; did you mean 'no_posts'"):
        merge_profiles(PEOPLE, POSTS).units(reason="no_post")
