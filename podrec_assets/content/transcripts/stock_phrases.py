"""What Whisper writes over music and silence, because subtitles end with these phrases. Pure."""

import unicodedata

_PHRASES = {
    "en": (
        "thanks for watching", "thank you for watching", "please subscribe",
        "subscribe to my channel", "like and subscribe", "subtitles by", "amara.org",
    ),
    "ar": ("ترجمة نانسي قنقر", "اشتركوا في القناة", "شكرا للمشاهدة", "شكرا على المشاهدة"),
    "ca": ("subtítols",),
    "cs": ("titulky vytvořil", "děkuji za sledování", "děkujeme za sledování"),
    "da": ("danske tekster af", "tak fordi i så med", "tak for at i så med"),
    "de": (
        "untertitel", "vielen dank fürs zuschauen", "danke fürs zuschauen",
        "vielen dank für's zuschauen", "danke fürs zusehen",
    ),
    "el": ("υπότιτλοι", "ευχαριστώ που παρακολουθήσατε", "ευχαριστούμε που παρακολουθήσατε"),
    "es": (
        "subtítulos", "gracias por ver", "suscríbete al canal", "suscríbete a mi canal",
        "no olvides suscribirte",
    ),
    "fa": ("زیرنویس", "ممنون که تماشا کردید"),
    "fi": ("tekstitys", "kiitos kun katsoitte", "kiitos katsomisesta"),
    "fr": (
        "sous-titr", "merci d'avoir regardé", "abonnez-vous", "n'oubliez pas de vous abonner",
    ),
    "he": ("תודה על הצפייה", "תודה שצפיתם", "כתוביות"),
    "hi": ("देखने के लिए धन्यवाद", "चैनल को सब्सक्राइब", "सब्सक्राइब करें"),
    "hu": ("feliratok", "köszönöm, hogy megnézted", "köszönjük, hogy megnézték"),
    "id": ("terima kasih telah menonton", "terima kasih sudah menonton", "jangan lupa subscribe"),
    "it": (
        "sottotitoli", "grazie per la visione", "grazie per aver guardato", "iscrivetevi al canale",
        "iscriviti al canale",
    ),
    "ja": (
        "ご視聴ありがとうございました", "ご視聴いただきありがとう", "ご清聴ありがとうございました",
        "チャンネル登録", "字幕作成", "字幕視聴",
    ),
    "ko": (
        "시청해주셔서 감사합니다", "시청해 주셔서 고맙습니다", "구독과 좋아요", "구독 좋아요",
        "한글자막", "자막 제공", "mbc 뉴스",
    ),
    "nl": ("ondertiteld", "ondertiteling", "bedankt voor het kijken", "bedankt om te kijken"),
    "no": ("undertekster av", "teksting av", "takk for at du så", "takk for at dere så"),
    "pl": (
        "napisy stworzone przez", "napisy wykonane przez", "dziękuję za oglądanie",
        "dziękuję za uwagę i do zobaczenia", "dzięki za oglądanie", "zdjęcia i napisy",
    ),
    "pt": (
        "legendas pela comunidade", "legenda por", "legendas por", "obrigado por assistir",
        "obrigada por assistir", "obrigado por ver", "inscreva-se no canal", "se inscreva no canal",
    ),
    "ro": ("pentru vizionare", "subtitrarea", "nu uitați să vă abonați"),
    "ru": (
        "продолжение следует", "субтитры", "редактор субтитров", "спасибо за просмотр",
        "подписывайтесь на канал", "подпишитесь на канал",
    ),
    "sv": ("undertexter", "textning", "tack för att ni tittade", "tack för att du tittade"),
    "th": ("ขอบคุณที่รับชม", "ขอบคุณสำหรับการรับชม", "กดติดตาม", "อย่าลืมกดไลค์"),
    "tr": ("izlediğiniz için teşekkür", "abone olmay\u0131 unutmay\u0131n", "altyaz\u0131"),
    "uk": ("субтитри", "дякую за перегляд", "дякуємо за перегляд", "підписуйтесь на канал"),
    "vi": (
        "cảm ơn các bạn đã theo dõi", "cảm ơn đã theo dõi", "cảm ơn các bạn đã xem",
        "hãy subscribe cho kênh", "đăng ký kênh",
    ),
    "zh": (
        "字幕由", "字幕志愿者", "字幕志願者", "字幕提供", "谢谢观看", "謝謝觀看", "谢谢大家观看",
        "感谢观看", "感謝觀看", "感谢您的观看", "感謝您的觀看", "多謝您的觀看", "多謝您嘅觀看",
        "请不吝点赞", "請不吝點贊", "明镜与点点栏目", "明鏡與點點欄目", "订阅我的频道",
        "訂閱我的頻道",
    ),
}  # fmt: skip


def _letters(text: str) -> str:
    """Returns the letters and digits alone, without case and accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if c.isalnum())


_LETTERS = tuple(_letters(phrase) for phrases in _PHRASES.values() for phrase in phrases)


def has_stock_phrase(text: str) -> bool:
    """Whether a text contains such a phrase, whatever its case, accents, blanks and points."""
    letters = _letters(text)
    return any(phrase in letters for phrase in _LETTERS)
