"""What is told of programs that are compiled for a GPU that is not there."""

from benchmarks import absent_gpu

HLO = """HloModule jit_f, is_scheduled=true

%step (state: (s32[], f32[4])) -> (s32[], f32[4]) {
  %state = (s32[], f32[4]{0}) parameter(0)
  %x = f32[4]{0} get-tuple-element(%state), index=1
  %product = f32[4]{0} custom-call(%x), custom_call_target="__cublas$gemm"
  %next = f32[4]{0} fusion(%product), kind=kLoop, calls=%fused
  ROOT %both = (s32[], f32[4]{0}) tuple(%i, %next)
}

ENTRY %main (x: f32[4]) -> (s32[], f32[4]) {
  %x.1 = f32[4]{0} parameter(0)
  %copied = f32[4]{0} copy(%x.1)
  %first = (s32[], /*index=1*/f32[4]{0}) tuple(%zero, %copied)
  ROOT %all = (s32[], f32[4]{0}) while(%first), body=%step, backend_config={"known_trip_count":{"n":"5"}}
}
"""


def test_kernels_of_a_loop_count_as_often_as_it_runs():
    assert absent_gpu.kernels(HLO) == 1 + 5 * 2
    assert absent_gpu.kernels(HLO.replace("known", "likely")) == 1 + 2
