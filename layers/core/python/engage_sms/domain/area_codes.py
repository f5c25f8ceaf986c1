"""Area codes of the United States and Canada: where each is, and the time zones its numbers may be in.

Facts of the numbering plan (NANPA's report of geographic area codes in service or with a set in-service date,
2025-11-26). A code that crosses a zone boundary has every zone of its overlay complex, since a mobile number does not
say on which side it is. `OVERLAYS` lists the well-known complexes of codes that serve one area, not all there are; a
code may stand in two (917 serves Manhattan and the other boroughs).
"""

from __future__ import annotations

from dataclasses import dataclass

SOURCE = "NANPA geographic area codes, 2025-11-26"

# location | zones (below America/ unless a region is written) | area codes
_TABLE = """
AK | Anchorage Adak | 907
AL | Chicago | 205 251 256 334 483 659 938
ALBERTA | Edmonton | 368 403 587 780 825
AR | Chicago | 327 479 501 870
AS | Pacific/Pago_Pago | 684
AZ | Denver Phoenix | 928
AZ | Phoenix | 480 520 602 623
BRITISH COLUMBIA | Edmonton Vancouver Phoenix | 236 250 257 672 778
BRITISH COLUMBIA | Vancouver | 604
CA | Los_Angeles | 209 213 279 310 323 341 350 357 369 408 415 424 442 510 530 559 562 619 626 628
CA | Los_Angeles | 650 657 661 669 707 714 738 747 760 805 818 820 831 837 840 858 909 916 925 949
CA | Los_Angeles | 951
CNMI | Pacific/Guam | 670
CO | Denver | 303 719 720 748 970 983
CT | New_York | 203 475 860 959
DC | New_York | 202 771
DE | New_York | 302
FL | Chicago New_York | 448 850
FL | New_York | 239 305 321 324 352 386 407 561 645 656 689 727 728 754 772 786 813 863 904 941
FL | New_York | 954
GA | New_York | 229 404 470 478 678 706 762 770 912 943
GU | Pacific/Guam | 671
HI | Pacific/Honolulu | 808
IA | Chicago | 319 515 563 641 712
ID | Denver Los_Angeles | 208 986
IL | Chicago | 217 224 309 312 331 447 464 618 630 708 730 773 779 815 847 861 872
IN | Chicago New_York | 219 574 812 930
IN | New_York | 260 317 463 765
KS | Chicago | 316 913
KS | Chicago Denver | 620 785
KY | Chicago New_York | 270 364 606
KY | New_York | 502 859
LA | Chicago | 225 318 337 457 504 985
MA | New_York | 339 351 413 508 617 774 781 857 978
MANITOBA | Winnipeg | 204 431 584
MD | New_York | 227 240 301 410 443 667
ME | New_York | 207
MI | Chicago New_York | 906
MI | New_York | 231 248 269 313 517 586 616 679 734 810 947 989
MN | Chicago | 218 320 507 612 651 763 924 952
MO | Chicago | 235 314 417 557 573 636 660 816 975
MS | Chicago | 228 471 601 662 769
MT | Denver | 406
NC | New_York | 252 336 472 704 743 828 910 919 980 984
ND | Chicago Denver | 701
NE | Chicago | 402 531
NE | Chicago Denver | 308
NEW BRUNSWICK | Halifax | 428 506
NEWFOUNDLAND AND LABRADOR | St_Johns | 709 879
NH | New_York | 603
NJ | New_York | 201 551 609 640 732 848 856 862 908 973
NM | Denver | 505 575
NORTHWEST TERRITORIES -YUKON - NUNAVUT | Chicago Denver Los_Angeles | 867
NOVA SCOTIA - PRINCE EDWARD ISLAND | Halifax | 782 902
NV | Denver Los_Angeles | 775
NV | Los_Angeles | 702 725
NY | New_York | 212 315 329 332 347 363 465 516 518 585 607 624 631 646 680 716 718 838 845 914
NY | New_York | 917 929 934
OH | New_York | 216 220 234 283 326 330 380 419 436 440 513 567 614 740 937
OK | Chicago | 405 539 572 580 918
ONTARIO | Chicago New_York | 807
ONTARIO | New_York | 226 249 289 343 365 382 416 437 519 548 613 647 683 705 742 753 905 942
OR | Denver Los_Angeles | 458 541
OR | Los_Angeles | 503 971
PA | New_York | 215 223 267 272 412 445 484 570 582 610 717 724 814 835 878
PR | Puerto_Rico | 787 939
QUEBEC | New_York | 263 273 354 367 418 438 450 468 514 579 581 819 873
RI | New_York | 401
SASKATCHEWAN | Regina | 306 474 639
SC | New_York | 803 821 839 843 854 864
SD | Chicago Denver | 605
TN | Chicago | 615 629 731 901
TN | Chicago New_York | 423 729 931
TN | New_York | 865
TX | Chicago | 210 214 254 281 325 346 361 409 430 432 469 512 621 682 713 726 737 806 817 830
TX | Chicago | 832 903 936 940 945 956 972 979
TX | Chicago Denver | 915
UT | Denver | 385 435 801
VA | New_York | 276 434 540 571 686 703 757 804 826 948
VI | Puerto_Rico | 340
VT | New_York | 802
WA | Los_Angeles | 206 253 360 425 509 564
WI | Chicago | 262 274 353 414 534 608 715 920
WV | New_York | 304 681
WY | Denver | 307
"""

# complexes of codes that serve one area, a state or province a line
_COMPLEXES = """
205 659 | 256 938 | 334 483
327 870
480 602 623
209 350 | 213 323 738 | 279 916 | 310 424 | 341 510 | 357 559 | 369 707 | 408 669 | 415 628 | 442 760
530 837 | 619 858 | 657 714 | 747 818 | 805 820 | 840 909
303 720 983 | 748 970
203 475 | 860 959
202 771
305 645 786 | 321 407 689 | 324 904 | 448 850 | 561 728 | 656 813 | 754 954
404 470 678 943 | 770 470 678 943
208 986
217 447 | 224 847 | 309 861 | 312 773 872 | 331 630 | 464 708 | 618 730 | 779 815
317 463 | 812 930
270 364
318 457
339 781 | 351 978 | 508 774 | 617 857
227 240 301 | 410 443 667
248 947 | 313 679
507 924
235 573 | 314 557 | 816 975
471 662 | 601 769
336 743 | 472 910 | 704 980 | 919 984
402 531
201 551 | 609 640 | 732 848 | 862 973
702 725
212 332 646 917 | 347 465 718 917 929 | 315 680 | 329 845 | 363 516 | 518 838 | 624 716 | 631 934
220 740 | 234 330 | 283 513 | 326 937 | 380 614 | 419 567 | 436 440
405 572 | 539 918
458 541 | 503 971
215 267 445 | 223 717 | 272 570 | 412 878 | 724 878 | 484 610 835 | 582 814
787 939
803 839 | 821 864 | 843 854
423 729 | 615 629
210 726 | 214 469 945 972 | 281 346 621 713 832 | 430 903 | 512 737 | 682 817
385 801
540 826 | 571 703 | 686 804 | 757 948
360 564
274 920 | 353 608 | 534 715
304 681
368 403 587 825 | 368 780 587 825
236 250 257 672 778 | 236 604 257 672 778
204 431 584
428 506
709 879
782 902
226 382 519 548 | 249 683 705 | 289 365 742 905 | 343 613 753 | 416 437 647 942
263 438 514 | 354 450 579 | 367 418 581 | 468 819 873
306 474 639
"""

# what the report leaves out: corners of a code's area that keep another time (comments of tz's `zone.tab`, 2026f)
_CORNERS = """
America/Halifax | 709 879 | Labrador
America/Halifax | 367 418 581 | the Magdalen Islands
America/Puerto_Rico | 367 418 581 | Blanc-Sablon
America/Edmonton | 306 474 639 | Lloydminster
America/New_York | 867 | eastern Nunavut
"""

TOLL_FREE = frozenset({"800", "833", "844", "855", "866", "877", "888"})
OTHER_COUNTRIES = frozenset(
    {
        "242",
        "246",
        "264",
        "268",
        "284",
        "345",
        "441",
        "473",
        "649",
        "658",
        "664",
        "721",
        "758",
        "767",
        "784",
        "809",
        "829",
        "849",
        "868",
        "869",
        "876",
    }
)
"""Caribbean and Atlantic countries that share country code 1."""


@dataclass(frozen=True)
class Area:
    """One area code: its state (two letters) or province (as NANPA writes it), and IANA zones."""

    location: str
    zones: tuple[str, ...]


def _read_table(text: str) -> dict[str, Area]:
    areas = {}
    for line in text.strip().splitlines():
        location, zones, codes = line.split(" | ")
        area = Area(location, tuple(zone if "/" in zone else f"America/{zone}" for zone in zones.split()))
        areas.update(dict.fromkeys(codes.split(), area))
    return areas


def _read_corners(text: str) -> dict[str, tuple[str, ...]]:
    corners: dict[str, tuple[str, ...]] = {}
    for line in text.strip().splitlines():
        zone, codes, _ = line.split(" | ")
        corners.update({code: (*corners.get(code, ()), zone) for code in codes.split()})
    return corners


def _read_complexes(text: str) -> dict[str, tuple[str, ...]]:
    together: dict[str, tuple[str, ...]] = {}
    for complex_ in text.strip().replace("\n", " | ").split(" | "):
        codes = complex_.split()
        for code in codes:
            others = {*together.get(code, ()), *codes} - {code}
            together[code] = tuple(sorted(others))
    return together


AREAS = _read_table(_TABLE)
CORNERS = _read_corners(_CORNERS)
OVERLAYS = _read_complexes(_COMPLEXES)
