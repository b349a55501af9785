#include "bench/publish/video_encoder.h"

#include <stdlib.h>
#include <vpx/vp8cx.h>
#include <vpx/vpx_encoder.h>

/* Negative: a fixed speed, 16 being the fastest. Measured at 1280x720, 2.5 Mbit/s: 3.2 ms a frame;
 * speed 12 and threshold 1: 4.3 ms. */
enum { SPEED = -16, STATIC_THRESHOLD = 100, KEY_FRAME_BITRATE_PERCENT = 400 };

struct video_encoder {
    vpx_codec_ctx_t codec;
    unsigned width;
    unsigned height;
    vpx_codec_pts_t
        next; /* one a frame, skipped ones not: a gap would raise the bit rate after it */
    bool open;
};

static bool configure(struct video_encoder *encoder, unsigned fps, unsigned kbps)
{
    vpx_codec_enc_cfg_t config;
    if (vpx_codec_enc_config_default(vpx_codec_vp8_cx(), &config, 0) != VPX_CODEC_OK)
        return false;
    config.g_w = encoder->width;
    config.g_h = encoder->height;
    config.g_timebase.num = 1;
    config.g_timebase.den = (int)fps;
    config.g_threads = 1;
    config.g_error_resilient = VPX_ERROR_RESILIENT_DEFAULT;
    config.g_lag_in_frames = 0;
    config.rc_end_usage = VPX_CBR;
    config.rc_target_bitrate = kbps;
    config.rc_dropframe_thresh = 0;
    config.rc_min_quantizer = 4;
    config.rc_max_quantizer = 56;
    config.rc_undershoot_pct = 100;
    config.rc_overshoot_pct = 15;
    config.rc_buf_sz = 1000; /* milliseconds, as the next two */
    config.rc_buf_initial_sz = 500;
    config.rc_buf_optimal_sz = 600;
    config.kf_mode = VPX_KF_DISABLED; /* only when asked */
    if (vpx_codec_enc_init(&encoder->codec, vpx_codec_vp8_cx(), &config, 0) != VPX_CODEC_OK)
        return false;
    encoder->open = true;
    return vpx_codec_control(&encoder->codec, VP8E_SET_CPUUSED, SPEED) == VPX_CODEC_OK &&
           vpx_codec_control(&encoder->codec, VP8E_SET_STATIC_THRESHOLD, STATIC_THRESHOLD) ==
               VPX_CODEC_OK &&
           vpx_codec_control(&encoder->codec, VP8E_SET_MAX_INTRA_BITRATE_PCT,
                             KEY_FRAME_BITRATE_PERCENT) == VPX_CODEC_OK;
}

enum status video_encoder_create(unsigned width, unsigned height, unsigned fps, unsigned kbps,
                                 struct video_encoder **encoder)
{
    struct video_encoder *made = calloc(1, sizeof *made);
    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->width = width;
    made->height = height;
    if (!configure(made, fps, kbps)) {
        video_encoder_destroy(made);
        return STATUS_SYSTEM;
    }
    *encoder = made;
    return STATUS_OK;
}

void video_encoder_destroy(struct video_encoder *encoder)
{
    if (encoder == NULL)
        return;
    if (encoder->open)
        vpx_codec_destroy(&encoder->codec);
    free(encoder);
}

enum status video_encoder_run(struct video_encoder *encoder, uint8_t *picture, bool key,
                              struct video_frame *encoded)
{
    vpx_image_t image;
    if (vpx_img_wrap(&image, VPX_IMG_FMT_I420, encoder->width, encoder->height, 1, picture) ==
            NULL ||
        vpx_codec_encode(&encoder->codec, &image, encoder->next++, 1, key ? VPX_EFLAG_FORCE_KF : 0,
                         VPX_DL_REALTIME) != VPX_CODEC_OK)
        return STATUS_SYSTEM;
    vpx_codec_iter_t iterator = NULL;
    const vpx_codec_cx_pkt_t *packet = NULL;
    while ((packet = vpx_codec_get_cx_data(&encoder->codec, &iterator)) != NULL) {
        if (packet->kind == VPX_CODEC_CX_FRAME_PKT) {
            encoded->data = packet->data.frame.buf;
            encoded->bytes = packet->data.frame.sz;
            encoded->key = (packet->data.frame.flags & VPX_FRAME_IS_KEY) != 0;
            return STATUS_OK;
        }
    }
    return STATUS_SYSTEM; /* frames are never dropped: one in, one out */
}
